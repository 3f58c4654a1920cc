"""One value a process, made by whoever asks first."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from vision_agents.plugins.embedded.shared import Shared, off_loop


async def test_who_asks_at_once_gets_the_one_value_that_was_made_off_the_loop() -> None:
    made: list[int | None] = []

    def make(_: threading.Event) -> object:
        made.append(threading.get_ident())
        return object()

    shared = Shared("value", make)
    values = await asyncio.gather(*(shared.get() for _ in range(5)))
    assert len({id(value) for value in values}) == 1
    assert await shared.get() is values[0]
    assert len(made) == 1
    assert made[0] != threading.get_ident()


def test_two_loops_share_the_value() -> None:
    shared = Shared("value", lambda _: object())
    assert asyncio.run(shared.get()) is asyncio.run(shared.get())


async def test_a_failure_is_told_and_the_next_one_tries_again() -> None:
    outcomes: list[Callable[[], str]] = [lambda: "made"]

    def make(_: threading.Event) -> str:
        if len(outcomes) == 1:
            outcomes.append(outcomes[0])
            raise OSError("no")
        return outcomes[1]()

    shared = Shared("value", make)
    with pytest.raises(OSError, match="no"):
        await shared.get()
    assert await shared.get() == "made"


async def test_cancelling_asks_the_work_to_stop_and_waits_for_it() -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    ended: list[bool] = []

    def work(stop: threading.Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        ended.append(stop.wait(30))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(off_loop(work))
        await begun.wait()
        task.cancel()
    assert task.cancelled()
    assert ended == [True]
