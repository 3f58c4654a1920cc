"""One speaker's turns, decided from what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from vision_agents.core.turns.decisions import (
    Decision,
    EndedBy,
    Hold,
    Interrupt,
    JudgePause,
    Prepare,
    Release,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.endpointing import FixedEndpointing, PauseFacts
from vision_agents.core.turns.machine import TurnMachine
from vision_agents.core.turns.observations import (
    Floor,
    FloorChanged,
    Heard,
    Interim,
    Likelihood,
    ReportedEnd,
    ReportedStart,
    Silence,
    ToldToEnd,
    ToldToStart,
    Voice,
)
from vision_agents.core.turns.settings import Interruption, TurnHandling

WINDOW = 0.03
RULES = TurnHandling(
    endpointing=FixedEndpointing(sure=0.2, unsure=0.6, longest=1.4),
    interruption=Interruption(hold_after=0.5, cut_after=2.0, min_words=2, while_thinking=0.25),
    prepare_after=0.12,
    judge_after=0.2,
    speculate=False,
)

DecisionT = TypeVar("DecisionT", bound=Decision)


class Scene:
    """A speaker, a machine, and everything it decided."""

    def __init__(self, rules: TurnHandling = RULES, *, has_detector: bool = False) -> None:
        self.machine = TurnMachine(rules, has_detector=has_detector)
        self.windows = 0
        self.decisions: list[Decision] = []

    @property
    def at(self) -> float:
        return round(self.windows * WINDOW, 6)

    def _hear(self, seconds: float, probability: float) -> list[Decision]:
        news: list[Decision] = []
        for _ in range(round(seconds / WINDOW)):
            self.windows += 1
            news += self.machine.observe(Voice(at=self.at, duration=WINDOW, probability=probability))
        self.decisions += news
        return news

    def speaks(self, seconds: float) -> list[Decision]:
        return self._hear(seconds, 0.9)

    def is_silent(self, seconds: float) -> list[Decision]:
        return self._hear(seconds, 0.05)

    def tell(
        self, observation: Interim | FloorChanged | ReportedStart | ReportedEnd | ToldToStart | ToldToEnd
    ) -> list[Decision]:
        news = self.machine.observe(observation)
        self.decisions += news
        return news

    def floor(self, floor: Floor) -> None:
        assert self.tell(FloorChanged(floor)) == []

    def understood(self, text: str) -> list[Decision]:
        """The recogniser answers the last pause."""
        news = self.machine.observe(Heard(pause=self.last(SpeechPaused).pause, text=text))
        self.decisions += news
        return news

    def likely(self, probability: float) -> list[Decision]:
        """The detector answers the last pause."""
        news = self.machine.observe(Likelihood(pause=self.last(SpeechPaused).pause, probability=probability))
        self.decisions += news
        return news

    def of(self, kind: type[DecisionT]) -> list[DecisionT]:
        return [decision for decision in self.decisions if isinstance(decision, kind)]

    def last(self, kind: type[DecisionT]) -> DecisionT:
        return self.of(kind)[-1]


def about(seconds: float) -> Any:
    return pytest.approx(seconds)


def kinds(decisions: list[Decision]) -> list[type[Decision]]:
    return [type(decision) for decision in decisions]


class TestBeginning:
    """A turn begins with speech, not with noise."""

    def test_silence_is_nothing(self) -> None:
        scene = Scene()
        assert scene.is_silent(10) == []
        assert not scene.machine.pending
        assert scene.machine.deadline is None

    def test_a_click_is_nothing(self) -> None:
        scene = Scene()
        scene.speaks(0.06)
        assert scene.is_silent(2) == []

    def test_speech_begins_at_its_first_sample(self) -> None:
        scene = Scene()
        scene.is_silent(1.5)
        [started] = scene.speaks(0.3)
        assert isinstance(started, SpeechStarted)
        assert started.at == pytest.approx(1.5)
        assert scene.machine.pending
        assert scene.machine.turn_start == started.at


class TestPauses:
    """A pause is asked about twice: for its words soon, for its meaning a little later."""

    def test_the_recogniser_then_the_detector_are_asked(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        decisions = scene.is_silent(0.3)
        assert kinds(decisions) == [SpeechPaused, JudgePause]
        paused, judge = decisions
        assert isinstance(paused, SpeechPaused)
        assert isinstance(judge, JudgePause)
        assert paused.speech_end == pytest.approx(0.6)
        assert paused.at == pytest.approx(0.72)
        assert judge.at == pytest.approx(0.81)
        assert judge.pause == paused.pause

    def test_a_short_silence_is_no_pause(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.09)
        assert kinds(scene.speaks(0.3)) == []
        assert kinds(scene.decisions) == [SpeechStarted]

    def test_speech_that_goes_on_voids_the_pause(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        paused = scene.last(SpeechPaused)
        [resumed] = scene.speaks(0.3)
        assert resumed == SpeechResumed(pause=paused.pause, at=scene.of(SpeechResumed)[0].at)
        assert scene.understood("too late") == []
        assert scene.likely(1.0) == []
        scene.is_silent(0.3)
        assert scene.last(SpeechPaused).pause > paused.pause

    def test_a_click_in_a_pause_is_not_speech(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert scene.speaks(0.06) == []

    def test_marked_silence_counts_like_heard_silence(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        assert kinds(scene.machine.observe(Silence(at=1.0))) == [SpeechPaused, JudgePause]


class TestEnds:
    """A turn ends when its words are known and the silence is long enough for them."""

    def test_silence_ends_it_without_a_detector(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert scene.understood("hello there") == []
        [ended] = scene.is_silent(0.5)
        assert ended == TurnEnded(
            text="hello there",
            speech_start=0.0,
            speech_end=about(0.6),
            at=about(1.2),
            by=EndedBy.SILENCE,
        )
        assert not scene.machine.pending

    def test_a_sure_detector_ends_it_soon(self) -> None:
        scene = Scene(has_detector=True)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert scene.understood("hello there") == []
        [ended] = scene.likely(0.9)
        assert isinstance(ended, TurnEnded)
        assert ended.by is EndedBy.DETECTOR

    def test_the_detector_may_answer_first(self) -> None:
        scene = Scene(has_detector=True)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert scene.likely(0.9) == []
        assert kinds(scene.understood("hello there")) == [TurnEnded]

    def test_a_doubting_detector_makes_it_wait(self) -> None:
        scene = Scene(has_detector=True)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.understood("hello there")
        scene.likely(0.1)
        assert scene.is_silent(0.9) == []
        [ended] = scene.is_silent(0.3)
        assert isinstance(ended, TurnEnded)
        assert ended.by is EndedBy.SILENCE
        assert ended.at - ended.speech_end == pytest.approx(1.4, abs=WINDOW)

    def test_a_detector_that_never_answers_makes_it_wait_no_longer(self) -> None:
        scene = Scene(has_detector=True)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.understood("hello there")
        assert kinds(scene.is_silent(1.5)) == [TurnEnded]

    def test_open_words_are_waited_for(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.understood("my number is")
        assert scene.is_silent(1.0) == []
        assert kinds(scene.is_silent(0.3)) == [TurnEnded]

    def test_late_words_end_it_when_they_come(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(5)
        assert scene.machine.pending
        assert kinds(scene.understood("hello there")) == [TurnEnded]

    def test_what_has_no_words_is_dropped(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert kinds(scene.understood("")) == [TurnDropped]
        assert not scene.machine.pending
        assert scene.is_silent(5) == []

    def test_it_spans_its_pauses(self) -> None:
        scene = Scene()
        scene.is_silent(0.9)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.understood("one two")
        [ended] = scene.is_silent(1)
        assert isinstance(ended, TurnEnded)
        assert (ended.speech_start, ended.speech_end) == (pytest.approx(0.9), pytest.approx(2.4))

    def test_two_turns_are_two(self) -> None:
        scene = Scene()
        for _ in range(2):
            scene.speaks(0.6)
            scene.is_silent(0.3)
            scene.understood("hello there")
            scene.is_silent(1)
        first, second = scene.of(TurnEnded)
        assert second.speech_start > first.speech_end
        assert len({paused.pause for paused in scene.of(SpeechPaused)}) == 2

    def test_a_rule_of_the_users_own_decides(self) -> None:
        seen: list[PauseFacts] = []

        @dataclass(frozen=True)
        class Own:
            def patience(self, pause: PauseFacts) -> float:
                seen.append(pause)
                return 3.0

        scene = Scene(TurnHandling(endpointing=Own(), speculate=False), has_detector=True)
        scene.speaks(0.6)
        scene.is_silent(0.6)
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.likely(0.9)
        scene.understood("hello there")
        assert scene.is_silent(2.5) == []
        assert kinds(scene.is_silent(0.5)) == [TurnEnded]
        assert seen[-1].text == "hello there"
        assert seen[-1].likelihood == 0.9
        assert seen[-1].has_detector
        assert seen[-1].hesitation == pytest.approx(0.7, abs=0.05)


class TestSpeculation:
    """An answer is prepared as soon as the words are known, while the agent is free."""

    RULES = TurnHandling(speculate=True)

    def test_an_answer_is_prepared_before_the_turn_ends(self) -> None:
        scene = Scene(self.RULES)
        scene.speaks(0.6)
        scene.is_silent(0.15)
        paused = scene.last(SpeechPaused)
        assert scene.understood("hello there") == [Prepare(pause=paused.pause, text="hello there")]
        assert kinds(scene.is_silent(1)) == [JudgePause, TurnEnded]

    def test_nothing_is_prepared_for_no_words(self) -> None:
        scene = Scene(self.RULES)
        scene.speaks(0.6)
        scene.is_silent(0.15)
        assert scene.understood("") == []
        assert kinds(scene.is_silent(0.1)) == [JudgePause, TurnDropped]

    @pytest.mark.parametrize("floor", [Floor.SPEAKING, Floor.THINKING, Floor.PROTECTED])
    def test_nothing_is_prepared_while_the_agent_is_busy(self, floor: Floor) -> None:
        scene = Scene(self.RULES)
        scene.speaks(0.15)
        scene.floor(floor)
        scene.is_silent(0.15)
        scene.understood("hello there")
        assert scene.of(Prepare) == []

    def test_nothing_is_prepared_where_it_is_not_wanted(self) -> None:
        scene = Scene(TurnHandling(speculate=False))
        scene.speaks(0.6)
        scene.is_silent(0.15)
        assert scene.understood("hello there") == []


class TestSpeechOverTheAgent:
    """Speech holds the voice first; what it means decides."""

    def speaking(self, rules: TurnHandling = RULES) -> Scene:
        scene = Scene(rules)
        scene.is_silent(0.3)
        scene.floor(Floor.SPEAKING)
        return scene

    def test_a_short_sound_changes_nothing(self) -> None:
        scene = self.speaking()
        assert kinds(scene.speaks(0.3)) == [SpeechStarted]

    def test_half_a_second_of_speech_holds(self) -> None:
        scene = self.speaking()
        scene.speaks(0.9)
        [hold] = scene.of(Hold)
        assert hold.at == pytest.approx(0.3 + 0.5, abs=WINDOW)
        assert scene.of(Interrupt) == []

    def test_words_cut_what_is_held(self) -> None:
        scene = self.speaking()
        scene.speaks(0.9)
        scene.is_silent(0.3)
        assert kinds(scene.understood("wait a moment")) == [Interrupt]
        assert kinds(scene.is_silent(0.5)) == [TurnEnded]

    def test_a_back_channel_releases_what_is_held(self) -> None:
        scene = self.speaking()
        scene.speaks(0.9)
        scene.is_silent(0.3)
        assert kinds(scene.understood("uh huh")) == [Release, TurnDropped]

    def test_a_mumble_releases_what_is_held(self) -> None:
        scene = self.speaking()
        scene.speaks(0.9)
        scene.is_silent(0.3)
        assert kinds(scene.understood("")) == [Release, TurnDropped]

    def test_long_speech_cuts_before_it_is_understood(self) -> None:
        scene = self.speaking()
        scene.speaks(3)
        assert kinds(scene.decisions) == [SpeechStarted, Hold, Interrupt]
        assert scene.last(Interrupt).at == pytest.approx(0.3 + 2.0, abs=WINDOW)

    def test_a_short_word_that_is_meant_cuts_at_the_end_of_the_turn(self) -> None:
        scene = self.speaking()
        scene.speaks(0.3)
        scene.is_silent(0.3)
        scene.understood("stop")
        assert kinds(scene.is_silent(0.5)) == [Interrupt, TurnEnded]

    def test_a_short_back_channel_is_dropped(self) -> None:
        scene = self.speaking()
        scene.speaks(0.3)
        scene.is_silent(0.3)
        assert kinds(scene.understood("okay")) == [TurnDropped]

    def test_a_back_channel_of_the_users_own(self) -> None:
        scene = self.speaking(TurnHandling(is_backchannel=lambda text: text == "jawohl", speculate=False))
        scene.speaks(0.3)
        scene.is_silent(0.3)
        assert kinds(scene.understood("jawohl")) == [TurnDropped]

    def test_words_of_an_interim_transcript_hold_sooner(self) -> None:
        scene = self.speaking()
        scene.speaks(0.15)
        assert scene.tell(Interim("wait")) == []
        assert kinds(scene.tell(Interim("wait a"))) == [Hold]
        assert scene.tell(Interim("wait a moment")) == []

    @pytest.mark.parametrize("text", ["yeah okay", "", "  "])
    def test_interim_signs_of_listening_do_not_hold(self, text: str) -> None:
        scene = self.speaking()
        scene.speaks(0.15)
        assert scene.tell(Interim(text)) == []

    def test_interim_words_without_speech_do_not_hold(self) -> None:
        assert self.speaking().tell(Interim("wait a moment")) == []

    def test_it_holds_again_after_a_release(self) -> None:
        scene = self.speaking()
        for _ in range(2):
            scene.speaks(0.9)
            scene.is_silent(0.3)
            scene.understood("mhm")
        assert kinds([d for d in scene.decisions if isinstance(d, Hold | Release)]) == [
            Hold,
            Release,
            Hold,
            Release,
        ]

    def test_after_a_cut_the_agent_is_cut_no_more(self) -> None:
        scene = self.speaking()
        scene.speaks(10)
        assert len(scene.of(Interrupt)) == 1

    def test_speech_while_thinking_drops_the_answer_soon(self) -> None:
        scene = Scene()
        scene.floor(Floor.THINKING)
        scene.speaks(0.21)
        assert scene.of(Interrupt) == []
        assert kinds(scene.speaks(0.09)) == [Interrupt]

    def test_what_is_protected_is_neither_held_nor_cut(self) -> None:
        scene = Scene()
        scene.floor(Floor.PROTECTED)
        scene.speaks(3)
        scene.is_silent(0.3)
        scene.understood("let me ask something")
        scene.is_silent(1)
        assert kinds(scene.decisions) == [SpeechStarted, SpeechPaused, JudgePause, TurnEnded]

    def test_a_back_channel_is_an_answer_when_the_agent_waits_for_one(self) -> None:
        scene = Scene()
        scene.speaks(0.3)
        scene.is_silent(0.3)
        scene.understood("yes")
        [ended] = scene.is_silent(1)
        assert isinstance(ended, TurnEnded)
        assert ended.text == "yes"


class TestARecogniserThatTellsTurns:
    """Its word is taken: no VAD is needed."""

    def test_a_turn_begins_and_ends_when_it_says_so(self) -> None:
        scene = Scene()
        assert scene.tell(ReportedStart(at=3.0)) == [SpeechStarted(at=3.0)]
        assert scene.tell(ReportedStart(at=3.5)) == []
        [ended] = scene.tell(ReportedEnd(at=5.0, text="hello there"))
        assert isinstance(ended, TurnEnded)
        assert (ended.text, ended.speech_start, ended.by) == ("hello there", 3.0, EndedBy.RECOGNISER)
        assert not scene.machine.pending

    def test_without_words_it_is_dropped(self) -> None:
        scene = Scene()
        scene.tell(ReportedStart(at=3.0))
        assert kinds(scene.tell(ReportedEnd(at=5.0, text=""))) == [TurnDropped]

    def test_marked_silence_does_not_end_its_turn(self) -> None:
        scene = Scene()
        scene.tell(ReportedStart(at=3.0))
        assert scene.machine.observe(Silence(at=60.0)) == []
        assert scene.machine.pending

    def test_its_start_holds_the_voice_and_its_words_cut_it(self) -> None:
        scene = Scene()
        scene.floor(Floor.SPEAKING)
        assert kinds(scene.tell(ReportedStart(at=3.0))) == [SpeechStarted, Hold]
        assert kinds(scene.tell(ReportedEnd(at=4.0, text="wait a moment"))) == [Interrupt, TurnEnded]

    def test_a_back_channel_lets_the_voice_go_on(self) -> None:
        scene = Scene()
        scene.floor(Floor.SPEAKING)
        scene.tell(ReportedStart(at=3.0))
        assert kinds(scene.tell(ReportedEnd(at=4.0, text="uh huh"))) == [Release, TurnDropped]

    def test_its_start_drops_an_answer_nobody_has_heard(self) -> None:
        scene = Scene()
        scene.floor(Floor.THINKING)
        assert kinds(scene.tell(ReportedStart(at=3.0))) == [SpeechStarted, Interrupt]


class TestManualTurns:
    """Push to talk: speech and silence decide nothing."""

    RULES = TurnHandling(manual=True)

    def test_speech_alone_is_nothing(self) -> None:
        scene = Scene(self.RULES)
        scene.speaks(2)
        assert scene.is_silent(5) == []
        assert scene.decisions == []

    def test_a_turn_lasts_as_long_as_it_is_told(self) -> None:
        scene = Scene(self.RULES)
        scene.is_silent(0.3)
        assert scene.tell(ToldToStart()) == [SpeechStarted(at=about(0.3))]
        scene.speaks(1)
        assert scene.is_silent(5) == []
        assert kinds(scene.tell(ToldToEnd())) == [SpeechPaused]
        [ended] = scene.understood("hello there")
        assert isinstance(ended, TurnEnded)
        assert (ended.text, ended.by) == ("hello there", EndedBy.TOLD)

    def test_without_words_it_is_dropped(self) -> None:
        scene = Scene(self.RULES)
        scene.tell(ToldToStart())
        scene.tell(ToldToEnd())
        assert kinds(scene.understood("")) == [TurnDropped]

    def test_the_start_cuts_the_agent(self) -> None:
        scene = Scene(self.RULES)
        scene.floor(Floor.SPEAKING)
        assert kinds(scene.tell(ToldToStart())) == [SpeechStarted, Interrupt]

    def test_an_end_without_a_start_is_nothing(self) -> None:
        assert Scene(self.RULES).tell(ToldToEnd()) == []

    def test_a_start_within_a_turn_is_nothing(self) -> None:
        scene = Scene(self.RULES)
        scene.tell(ToldToStart())
        assert scene.tell(ToldToStart()) == []


class TestDeadline:
    """A timer is only needed where silence alone changes something."""

    def test_none_between_turns(self) -> None:
        assert Scene().machine.deadline is None

    def test_each_stage_of_a_silence_has_its_own(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        stages: list[tuple[float, list[type[Decision]]]] = []
        while (due := scene.machine.deadline) is not None:
            stages.append((round(due, 3), kinds(scene.machine.observe(Silence(at=due)))))
            if stages[-1][1] == [SpeechPaused]:
                scene.machine.observe(Heard(pause=1, text="hello there"))
        assert stages == [(0.72, [SpeechPaused]), (0.8, [JudgePause]), (1.2, [TurnEnded])]

    def test_time_does_not_run_backwards(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.machine.observe(Silence(at=0.75))
        scene.machine.observe(Silence(at=0.1))
        assert kinds(scene.machine.observe(Silence(at=0.9))) == [JudgePause]
