"""The first signal cancels, the second is the system's own affair."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from vision_agents.core.runner.signals import cancelling_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_cancels_and_the_second_one_would_kill(number: signal.Signals) -> None:
    async def work() -> list[object]:
        with cancelling_on_signals() as interruption:
            try:
                os.kill(os.getpid(), number)
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                return [interruption.came, signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
        return []

    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]

    assert asyncio.run(work()) == [True, signal.SIG_DFL, signal.SIG_DFL]
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before


def test_without_a_signal_everything_is_as_before() -> None:
    async def work() -> bool:
        with cancelling_on_signals() as interruption:
            await asyncio.sleep(0)
        return interruption.came

    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]

    assert asyncio.run(work()) is False
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before


def test_another_thread_is_left_alone() -> None:
    outcome: list[bool] = []

    async def work() -> None:
        with cancelling_on_signals() as interruption:
            await asyncio.sleep(0)
        outcome.append(interruption.came)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()

    assert outcome == [False]
