"""Whatever happens to a queue, each utterance ends once, and nothing is stuck."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.core.speech.line import FRAME, Line

from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState

OVER = {UtteranceState.COMPLETED, UtteranceState.INTERRUPTED, UtteranceState.FAILED}


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
        self.line.unplayed = 0.0
        for handle in self.put:
            handle.playout.finish()
        self.line.listen()
        assert all(handle.done() for handle in self.put)
        assert self.line.queue.empty


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
