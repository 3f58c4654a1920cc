"""A handle tells of one utterance: it ends once, and whoever awaits it goes on."""

import asyncio

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.functions.running import RunningCall, running_call
from vision_agents.core.speech.playout import Playout
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState

pytestmark = pytest.mark.virtual_time

RATE = 48_000
FINAL = [
    UtteranceState.COMPLETED,
    UtteranceState.INTERRUPTED,
    UtteranceState.FAILED,
    UtteranceState.SKIPPED,
]


def utterance(*, interruptible: bool = True) -> UtteranceHandle:
    return UtteranceHandle(Playout(RATE), interruptible=interruptible)


def played(text: str, *, seconds: float, of: float) -> UtteranceHandle:
    """An utterance of one sentence, of which a part was played."""
    handle = utterance()
    sentence = handle.playout.begin(text)
    handle.playout.append(sentence, PcmData(np.ones(round(of * RATE), np.int16), RATE))
    handle.playout.complete(sentence)
    for _ in range(round(seconds * 50)):
        handle.playout.read(RATE // 50)
    return handle


def test_a_new_utterance_is_queued() -> None:
    handle = utterance()
    assert (handle.state, handle.done(), handle.interrupted, handle.exception()) == (
        UtteranceState.QUEUED,
        False,
        False,
        None,
    )
    assert UtteranceHandle(Playout(RATE)).is_interruptible
    assert handle.id.startswith("utt_")
    assert handle.id != utterance().id


@pytest.mark.parametrize("first", FINAL)
@pytest.mark.parametrize("second", FINAL)
def test_the_first_end_counts(first: UtteranceState, second: UtteranceState) -> None:
    handle = utterance()
    handle.end(first)
    handle.end(second, error=OSError("late"))
    handle.interrupt(force=True)
    assert (handle.state, handle.done(), handle.exception()) == (first, True, None)


def test_the_end_tells_what_was_heard() -> None:
    handle = played("One two three four.", seconds=1.0, of=2.0)
    handle.end(UtteranceState.INTERRUPTED, unplayed=0.4)
    assert handle.played_seconds == pytest.approx(0.6)
    assert handle.spoken_text == "One two"
    assert handle.text == "One two three four."
    assert handle.interrupted


def test_a_failure_is_kept() -> None:
    handle, error = utterance(), OSError("gone")
    handle.end(UtteranceState.FAILED, error=error)
    assert handle.exception() is error


def test_what_must_not_be_interrupted_says_so() -> None:
    handle = utterance(interruptible=False)
    with pytest.raises(RuntimeError, match="force=True"):
        handle.interrupt()
    assert not handle.done()
    handle.interrupt(force=True)
    assert handle.interrupted


def test_an_interrupt_reaches_the_one_who_plays_it_once() -> None:
    handle, stopped = utterance(), list[UtteranceHandle]()
    handle.stop = stopped.append
    handle.interrupt()
    handle.interrupt()
    assert stopped == [handle]
    assert handle.interrupted


def test_callbacks_hear_of_the_end_once_and_in_order() -> None:
    handle, heard = utterance(), list[tuple[str, UtteranceState]]()
    handle.add_done_callback(lambda it: heard.append(("first", it.state)))
    handle.add_done_callback(lambda it: heard.append(("second", it.state)))
    assert heard == []
    handle.end(UtteranceState.COMPLETED)
    handle.end(UtteranceState.FAILED)
    handle.add_done_callback(lambda it: heard.append(("late", it.state)))
    assert heard == [(name, UtteranceState.COMPLETED) for name in ("first", "second", "late")]


@pytest.mark.parametrize("state", FINAL)
async def test_awaiting_never_raises_and_never_hangs(state: UtteranceState) -> None:
    handle = utterance()
    asyncio.get_running_loop().call_later(3, lambda: handle.end(state, error=OSError("gone")))
    async with asyncio.timeout(5):
        await asyncio.gather(handle.wait(), handle.wait())
        await handle
    assert asyncio.get_running_loop().time() == 3


async def test_a_waiter_that_is_cancelled_does_not_end_the_utterance() -> None:
    handle = utterance()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await handle
    assert not handle.done()


class TestInsideATool:
    """A tool cannot wait for what waits for the tool."""

    def run_tool(self, handle: UtteranceHandle) -> RunningCall:
        call = RunningCall("call_1", "look", handle.id)
        running_call.set(call)
        return call

    async def test_awaiting_the_answer_it_works_for_is_refused(self) -> None:
        handle = utterance()
        self.run_tool(handle)
        with pytest.raises(RuntimeError, match="look"):
            await handle

    async def test_awaiting_what_is_queued_behind_that_answer_is_refused(self) -> None:
        handle, behind = utterance(), utterance()
        behind.waits_for = handle.id
        self.run_tool(handle)
        with pytest.raises(RuntimeError, match="look"):
            await behind

    async def test_awaiting_another_one_is_fine(self) -> None:
        handle, other = utterance(), utterance()
        self.run_tool(handle)
        asyncio.get_running_loop().call_later(1, other.end, UtteranceState.COMPLETED)
        await other

    async def test_awaiting_one_that_has_ended_is_fine(self) -> None:
        handle = utterance()
        self.run_tool(handle)
        handle.end(UtteranceState.COMPLETED)
        await handle

    async def test_a_task_that_a_tool_left_behind_may_wait(self) -> None:
        handle = utterance()
        self.run_tool(handle).active = False
        asyncio.get_running_loop().call_later(1, handle.end, UtteranceState.COMPLETED)
        await handle
