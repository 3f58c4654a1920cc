"""What the queue owes the transport: true ends, gaps counted once, and a wake when there is more."""

from tests.core.speech.line import FRAME, Line

from vision_agents.core.speech.utterance import UtteranceState


def test_an_utterance_is_completed_only_when_the_transport_has_played_it() -> None:
    line = Line()
    handle = line.say("One.")
    line.unplayed = 0.2
    line.listen()
    assert line.words == "one"
    assert not handle.done()
    line.unplayed = 0.0
    line.listen()
    assert handle.state is UtteranceState.COMPLETED
    assert line.ended == [handle]


def test_an_utterance_that_fails_ends_only_when_the_transport_has_played_it() -> None:
    line = Line()
    handle = line.say("One.", finish=False)
    line.listen()
    line.unplayed = 0.02
    line.queue.fail(handle, OSError("gone"))
    line.listen()
    assert not handle.done()
    assert line.naps[-1:] == [0.02]
    line.unplayed = 0.0
    line.listen()
    assert handle.state is UtteranceState.FAILED
    assert line.ended == [handle]


class TestAGap:
    """The voice is late in the middle of an utterance."""

    def test_it_is_one_underrun_however_often_the_pacer_looks(self) -> None:
        line = Line()
        line.say("One.", finish=False)
        line.listen()
        for _ in range(4):
            assert line.queue.read(FRAME) is None
        assert line.queue.underruns == 1

    def test_the_next_one_counts_again(self) -> None:
        line = Line()
        handle = line.say("One.", finish=False)
        line.listen()
        line.add(handle, "Two.")
        line.listen()
        assert line.queue.underruns == 2


def test_a_cut_wakes_the_pacer_for_what_must_not_be_interrupted_behind_it() -> None:
    line = Line()
    first = line.say("One.", finish=False)
    line.listen()
    spared = line.say("Two.", interruptible=False)
    line.listen()
    wakes = line.wakes
    line.queue.interrupt()
    assert first.interrupted
    assert line.wakes > wakes
    line.listen()
    assert line.words == "one two"
    assert spared.state is UtteranceState.COMPLETED
