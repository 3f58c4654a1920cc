"""Speech while the agent is busy: held first, then cut or let go."""

import pytest
from tests.core.turns.scene import RULES, WINDOW, Scene, kinds

from vision_agents.core.turns.decisions import (
    Hold,
    Interrupt,
    JudgePause,
    Release,
    SpeechPaused,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.observations import (
    Floor,
    Interim,
)
from vision_agents.core.turns.settings import TurnHandling


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

    def test_speech_that_began_before_the_agents_holds_it_but_cuts_it_only_later(self) -> None:
        scene = Scene()
        scene.speaks(3)
        scene.floor(Floor.SPEAKING)
        assert kinds(scene.speaks(1.8)) == [Hold]
        assert kinds(scene.speaks(0.3)) == [Interrupt]
