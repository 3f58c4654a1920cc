"""One speaker's turns: how they begin, pause and end."""

from dataclasses import dataclass, replace

import pytest
from tests.core.turns.scene import RULES, WINDOW, Scene, about, kinds

from vision_agents.core.turns.decisions import (
    Decision,
    EndedBy,
    JudgePause,
    Prepare,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.endpointing import PauseFacts
from vision_agents.core.turns.observations import (
    Floor,
    Heard,
    Silence,
)
from vision_agents.core.turns.settings import TurnHandling


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
        assert scene.understood("") == []
        assert kinds(scene.is_silent(0.5)) == [TurnDropped]
        assert not scene.machine.pending
        assert scene.is_silent(5) == []

    def test_what_had_no_words_yet_belongs_to_the_words_that_follow(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.3)
        assert scene.understood("") == []
        scene.speaks(0.6)
        scene.is_silent(0.3)
        scene.understood("um hello")
        [ended] = scene.is_silent(0.5)
        assert isinstance(ended, TurnEnded)
        assert ended.speech_start == 0.0

    def test_a_voice_that_just_begins_is_not_cut_in_on(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.57)
        scene.understood("hello there")
        assert kinds(scene.speaks(0.3)) == [SpeechResumed]

    def test_a_click_at_the_last_moment_is_over_before_the_turn_ends(self) -> None:
        scene = Scene()
        scene.speaks(0.6)
        scene.is_silent(0.57)
        scene.understood("hello there")
        assert scene.speaks(0.06) == []
        assert kinds(scene.is_silent(0.03)) == [TurnEnded]

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

    RULES = replace(RULES, speculate=True)

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
        assert kinds(scene.is_silent(1)) == [JudgePause, TurnDropped]

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
