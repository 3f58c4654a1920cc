"""Utterances are heard one after the other, and each ends exactly once."""

import numpy as np
import pytest
from tests.core.speech.line import FRAME, RATE, Line

from vision_agents.core.speech.playout import Playout
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.testing.tone_speech import speak


def test_an_empty_queue_gives_nothing() -> None:
    line = Line()
    assert line.queue.read(FRAME) is None
    assert line.queue.empty
    assert line.queue.interrupt()
    assert line.flushed == []


def test_utterances_are_heard_in_their_order() -> None:
    line = Line()
    handles = [line.say("One two.", "Three."), line.say("Four.")]
    assert line.wakes >= 2
    line.listen()
    assert line.words == "one two three four"
    assert line.started == line.ended == handles
    assert [handle.state for handle in handles] == [UtteranceState.COMPLETED] * 2
    assert [handle.spoken_text for handle in handles] == ["One two. Three.", "Four."]
    assert line.queue.empty


def test_an_utterance_ends_after_its_last_frame_was_read() -> None:
    line = Line()
    handle = line.say("One.")
    frames = -(-len(speak("One.", sample_rate=RATE, pause=0.1)) // FRAME)
    line.listen(frames)
    assert not handle.done()
    line.listen(1)
    assert handle.done()


def test_it_begins_with_its_first_frame_not_before() -> None:
    line = Line()
    handle = line.say(finish=False)
    line.listen()
    assert (handle.state, line.started) == (UtteranceState.QUEUED, [])
    line.add(handle, "One.")
    line.listen(1)
    assert (handle.state, line.started) == (UtteranceState.PLAYING, [handle])


def test_what_waits_is_in_the_queue_until_it_ends() -> None:
    line = Line()
    first, second = line.say("One."), line.say("Two.")
    line.listen(1)
    assert first in line.queue
    assert second in line.queue
    assert not line.queue.empty
    line.listen()
    assert first not in line.queue
    assert second not in line.queue


def test_what_has_ended_is_not_taken() -> None:
    line, handle = Line(), UtteranceHandle(Playout(RATE))
    handle.end(UtteranceState.SKIPPED)
    line.queue.put(handle)
    assert line.queue.empty
    assert line.ended == []


def test_a_begun_utterance_without_audio_is_an_underrun() -> None:
    line = Line()
    handle = line.say(finish=False)
    line.listen(1)
    assert line.queue.underruns == 0
    line.add(handle, "One.")
    line.listen()
    assert line.queue.underruns == 1


def test_an_interrupted_utterance_falls_silent_at_once() -> None:
    line = Line()
    handle = line.say("One two three four five six seven.")
    line.listen(3)
    handle.interrupt()
    assert line.queue.read(FRAME) is None
    assert (handle.state, line.ended) == (UtteranceState.INTERRUPTED, [handle])
    assert line.queue.empty
    [fade] = line.flushed
    assert fade is not None
    assert len(fade) == FRAME
    loudness = abs(fade.samples.astype(np.int32)).reshape(4, -1).max(axis=1)
    assert loudness[0] > loudness[-1] > 0
    assert fade.samples[-1] == 0


def test_what_was_heard_does_not_hold_what_the_transport_dropped() -> None:
    line = Line()
    handle = line.say("One two three four five six seven eight nine ten eleven twelve.")
    line.listen(100)
    line.unplayed = 1.0
    handle.interrupt()
    assert handle.played_seconds == pytest.approx(1.0)
    assert 2 <= len(handle.spoken_text.split()) <= 7


def test_an_utterance_that_waited_is_cut_without_a_sound() -> None:
    line = Line()
    first, second = line.say("One."), line.say("Two.")
    line.listen(1)
    second.interrupt()
    assert (second.state, second.spoken_text) == (UtteranceState.INTERRUPTED, "")
    assert line.flushed == []
    line.listen()
    assert line.words == "one"
    assert first.state is UtteranceState.COMPLETED


def test_one_that_was_current_but_not_begun_is_cut_without_a_fade() -> None:
    line = Line()
    handle = line.say(finish=False)
    line.listen()
    handle.interrupt()
    assert line.flushed == [None]
    assert handle.interrupted


def test_interrupting_all_spares_what_must_not_be_interrupted() -> None:
    line = Line()
    cut, kept, also_cut = line.say("One."), line.say("Two.", interruptible=False), line.say("Three.")
    line.listen(1)
    assert not line.queue.interrupt()
    assert (cut.interrupted, kept.done(), also_cut.interrupted) == (True, False, True)
    line.heard.clear()
    line.listen()
    assert line.words == "two"


def test_force_cuts_everything() -> None:
    line = Line()
    handles = [line.say("One.", interruptible=False), line.say("Two.", interruptible=False)]
    line.listen(1)
    assert line.queue.interrupt(force=True)
    assert all(handle.interrupted for handle in handles)
    assert line.ended == handles


def test_a_failed_utterance_makes_room_for_the_next() -> None:
    line, error = Line(), OSError("gone")
    failed, following = line.say("One two three.", finish=False), line.say("Four.")
    line.listen(8)
    wakes = line.wakes
    line.queue.fail(failed, error)
    assert line.wakes > wakes
    line.listen()  # what is there is heard
    assert (failed.state, failed.exception()) == (UtteranceState.FAILED, error)
    assert failed.spoken_text == "One two three."
    line.queue.fail(failed, OSError("again"))
    assert line.ended == [failed, following]
    assert line.words.endswith("four")


class TestHolding:
    """Silence at once, and no word lost afterwards."""

    @pytest.mark.parametrize("frames", range(5, 100, 7))
    def test_a_held_voice_is_silent_and_goes_on_with_a_whole_word(self, frames: int) -> None:
        line, text = Line(), "one two three four five six seven eight nine ten"
        handle = line.say(text)
        line.listen(frames)
        line.queue.hold()
        assert line.queue.read(FRAME) is None
        assert len(line.flushed) == 1
        assert handle.state is UtteranceState.PLAYING
        line.heard.clear()
        line.queue.release()
        line.listen()
        assert line.words
        assert text.split()[-len(line.words.split()) :] == line.words.split()
        assert handle.spoken_text == text

    def test_a_release_without_a_hold_repeats_nothing(self) -> None:
        line, text = Line(), "one two three four five six seven eight nine ten"
        line.say(text)
        line.listen(70)
        line.queue.release()
        line.listen()
        assert line.words == text

    def test_a_hold_knows_what_was_not_played(self) -> None:
        line = Line()
        handle = line.say("One two three four five six seven eight nine ten.")
        line.listen(60)
        line.unplayed = 0.5
        line.queue.hold()
        line.unplayed = 0.0
        handle.interrupt()
        assert handle.played_seconds == pytest.approx(0.7)
        assert len(line.flushed) == 1

    def test_holding_twice_is_holding_once(self) -> None:
        line = Line()
        line.say("One two three.")
        line.listen(5)
        line.queue.hold()
        line.queue.hold()
        assert len(line.flushed) == 1

    def test_holding_nothing_changes_nothing(self) -> None:
        line = Line()
        line.queue.hold()
        line.say("One.")
        line.listen()
        assert line.words == "one"

    def test_after_a_cut_the_next_one_is_heard(self) -> None:
        line = Line()
        held = line.say("One two three.")
        line.listen(5)
        line.queue.hold()
        held.interrupt()
        line.heard.clear()
        line.say("Four.")
        line.listen()
        assert line.words == "four"

    def test_audio_that_comes_while_held_waits(self) -> None:
        line = Line()
        handle = line.say("One two.", finish=False)
        line.listen(5)
        line.queue.hold()
        line.add(handle, "Three.")
        handle.playout.finish()
        assert line.queue.read(FRAME) is None
        line.queue.release()
        line.listen()
        assert line.words.endswith("one two three")
        assert handle.state is UtteranceState.COMPLETED
