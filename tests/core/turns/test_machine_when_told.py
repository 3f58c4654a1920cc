"""Turns that a recogniser or the application tells."""

from tests.core.turns.scene import Scene, about, kinds

from vision_agents.core.turns.decisions import (
    EndedBy,
    Hold,
    Interrupt,
    Release,
    SpeechPaused,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.observations import (
    Floor,
    ReportedEnd,
    ReportedStart,
    Silence,
    ToldToEnd,
    ToldToStart,
)
from vision_agents.core.turns.settings import TurnHandling


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
