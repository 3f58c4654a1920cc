"""A flag lets its waiters go on when it is set, and nobody wait while it is."""

import asyncio

import pytest

from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.scope import TaskScope

pytestmark = pytest.mark.virtual_time


async def test_everybody_who_waits_goes_on_when_it_is_set_in_the_order_in_which_they_came() -> None:
    flag, gone_on = Flag(), list[int]()

    async def wait(number: int) -> None:
        await flag.wait()
        gone_on.append(number)

    async with TaskScope("test") as scope:
        for number in range(3):
            scope.start(wait(number), name="waiter")
        await asyncio.sleep(1)
        assert gone_on == []

        flag.set()
        flag.clear()  # who has waited goes on all the same
        await asyncio.sleep(1)
        assert gone_on == [0, 1, 2]


async def test_nobody_waits_while_it_is_set() -> None:
    flag = Flag(is_set=True)
    assert flag.is_set()
    await flag.wait()

    flag.clear()
    assert not flag.is_set()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flag.wait(), 1)


async def test_who_gives_up_waiting_keeps_nobody_else_from_going_on() -> None:
    flag = Flag()
    async with TaskScope("test") as scope:
        before = scope.start(flag.wait(), name="waiter")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flag.wait(), 1)
        after = scope.start(flag.wait(), name="waiter")
        await asyncio.sleep(1)
        assert not before.done()
        assert not after.done()

        flag.set()
        await asyncio.wait_for(asyncio.gather(before, after), 1)
