"""Utterances are heard one after the other, and each ends exactly once."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.playout import Int16, Playout
from vision_agents.core.speech.queue import QueueHooks, UtteranceQueue
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.testing.tone_speech import read_speech, speak

RATE = 16_000
FRAME = 320
OVER = {UtteranceState.COMPLETED, UtteranceState.INTERRUPTED, UtteranceState.FAILED}


class Line:
    """The owner of a queue, and what is heard at the other end."""

    def __init__(self) -> None:
        self.unplayed = 0.0
        self.wakes = 0
        self.flushed: list[PcmData | None] = []
        self.started: list[UtteranceHandle] = []
        self.ended: list[UtteranceHandle] = []
        self.heard: list[Int16] = []
        self.queue = UtteranceQueue(
            QueueHooks(
                wake=self._wake,
                flush=self.flushed.append,
                unplayed=lambda: self.unplayed,
                started=self.started.append,
                ended=self.ended.append,
            )
        )

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, *sentences: str, interruptible: bool = True, finish: bool = True) -> UtteranceHandle:
        handle = UtteranceHandle(Playout(RATE), interruptible=interruptible)
        self.queue.put(handle)
        for text in sentences:
            self.add(handle, text)
        if finish:
            handle.playout.finish()
        return handle

    def add(self, handle: UtteranceHandle, text: str) -> None:
        sentence = handle.playout.begin(text)
        handle.playout.append(sentence, speak(text, sample_rate=RATE, pause=0.1))
        handle.playout.complete(sentence)

    def listen(self, frames: int = 10_000) -> None:
        for _ in range(frames):
            frame = self.queue.read(FRAME)
            if frame is None:
                return
            self.heard.append(frame)

    @property
    def words(self) -> str:
        return read_speech(PcmData(np.concatenate(self.heard), RATE)) if self.heard else ""


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
    assert (failed.state, failed.exception()) == (UtteranceState.FAILED, error)
    assert failed.spoken_text == "One"
    assert line.wakes > wakes
    line.queue.fail(failed, OSError("again"))
    line.listen()
    assert line.ended == [failed, following]
    assert line.words.endswith("four")


class TestHolding:
    """Silence at once, and no word lost afterwards."""

    def test_a_held_voice_is_silent_and_goes_on(self) -> None:
        line = Line()
        handle = line.say("One two three four five six seven.")
        line.listen(30)
        line.queue.hold()
        assert line.queue.read(FRAME) is None
        assert len(line.flushed) == 1
        assert handle.state is UtteranceState.PLAYING
        line.queue.release()
        line.listen()
        assert line.words.split()[-5:] == ["three", "four", "five", "six", "seven"]
        assert handle.spoken_text == "One two three four five six seven."

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


class AnyOrder(RuleBasedStateMachine):
    """Everything that can happen to a queue, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.put: list[UtteranceHandle] = []
        self.endings: Counter[str] = Counter()

    def pick(self, data: st.DataObject) -> UtteranceHandle:
        return data.draw(st.sampled_from(self.put))

    @rule(interruptible=st.booleans(), text=st.sampled_from(["", "One.", "One two three four."]))
    def say(self, interruptible: bool, text: str) -> None:
        handle = self.line.say(*([text] if text else []), interruptible=interruptible, finish=False)
        handle.add_done_callback(lambda it: self.endings.update([it.id]))
        self.put.append(handle)

    @precondition(lambda self: self.put)
    @rule(data=st.data())
    def add_audio(self, data: st.DataObject) -> None:
        self.line.add(self.pick(data), "And more.")

    @precondition(lambda self: self.put)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self.pick(data).playout.finish()

    @precondition(lambda self: self.put)
    @rule(data=st.data(), force=st.booleans())
    def interrupt_one(self, data: st.DataObject, force: bool) -> None:
        handle = self.pick(data)
        if force or handle.is_interruptible:
            handle.interrupt(force=force)
            assert handle.done()

    @rule(force=st.booleans())
    def interrupt_all(self, force: bool) -> None:
        assert self.line.queue.interrupt(force=force) == self.line.queue.empty

    @precondition(lambda self: self.put)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        self.line.queue.fail(self.pick(data), OSError("gone"))

    @rule()
    def hold(self) -> None:
        self.line.queue.hold()
        assert self.line.queue.current is None or self.line.queue.read(FRAME) is None

    @rule()
    def release(self) -> None:
        self.line.queue.release()

    @rule(frames=st.integers(1, 40), unplayed=st.sampled_from([0.0, 0.1, 3.0]))
    def listen(self, frames: int, unplayed: float) -> None:
        self.line.unplayed = unplayed
        self.line.listen(frames)

    @invariant()
    def each_ends_once(self) -> None:
        over = [handle for handle in self.put if handle.done()]
        assert sorted(handle.id for handle in self.line.ended) == sorted(handle.id for handle in over)
        assert self.endings == Counter(handle.id for handle in over)
        assert {handle.state for handle in over} <= OVER

    @invariant()
    def what_has_not_ended_is_in_the_queue(self) -> None:
        assert all((handle in self.line.queue) != handle.done() for handle in self.put)

    @invariant()
    def nothing_is_heard_of_what_was_not_begun(self) -> None:
        for handle in self.put:
            if handle not in self.line.started:
                assert handle.spoken_text == ""
                assert handle.played_seconds == 0
            assert handle.text.startswith(handle.spoken_text)

    def teardown(self) -> None:
        self.line.queue.release()
        for handle in self.put:
            handle.playout.finish()
        self.line.listen()
        assert all(handle.done() for handle in self.put)
        assert self.line.queue.empty


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
