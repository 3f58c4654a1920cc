"""A stream that falls silent is given up; one that is left is closed."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from vision_agents.core.aio.patience import Patient
from vision_agents.core.aio.scope import TaskScope

pytestmark = pytest.mark.virtual_time


class TooSlow(Exception):
    """Nothing came."""


class Stream:
    """Gives numbers, each after a while; tells when it was closed."""

    def __init__(self, *delays: float) -> None:
        self._delays = delays
        self.closed = False

    async def __call__(self) -> AsyncIterator[int]:
        try:
            for number, delay in enumerate(self._delays):
                await asyncio.sleep(delay)
                yield number
        finally:
            self.closed = True


def patient(stream: Stream) -> Patient[int]:
    return Patient(stream(), patience=1.0, too_slow=TooSlow)


async def read(stream: Stream, use: Callable[[int], object] = lambda _: None) -> None:
    async with patient(stream) as items:
        async for item in items:
            use(item)


async def test_items_that_come_in_time_may_take_long_together() -> None:
    stream = Stream(0.9, 0.9, 0.9, 0)
    async with patient(stream) as items:
        assert [item async for item in items] == [0, 1, 2, 3]
    assert stream.closed


async def test_the_wait_for_one_item_is_bounded() -> None:
    stream, got = Stream(0.5, 0.7, 5), list[int]()
    began = asyncio.get_running_loop().time()
    with pytest.raises(TooSlow):
        await read(stream, got.append)
    assert got == [0, 1]
    assert asyncio.get_running_loop().time() - began == pytest.approx(2.2)
    assert stream.closed


@pytest.mark.timeout(20)
async def test_a_deadline_that_is_rounded_up_is_reached_all_the_same() -> None:
    await asyncio.sleep(0.14)  # 0.14 + 1.0 is a little more than 1.14
    with pytest.raises(TooSlow):
        await read(Stream(5))


async def test_what_is_done_with_an_item_may_take_its_time() -> None:
    async with patient(Stream(0.5, 0.5)) as items:
        async for _ in items:
            await asyncio.sleep(7.3)


async def test_a_stream_that_is_left_early_is_closed_and_leaves_no_timer() -> None:
    stream = Stream(0, 0, 0)
    async with patient(stream) as items:
        async for _ in items:
            break
    assert stream.closed
    await asyncio.sleep(3)  # a timer that is left would cancel this


async def test_a_failure_of_the_consumer_stays_what_it_is() -> None:
    stream = Stream(0, 0)
    with pytest.raises(ZeroDivisionError):
        await read(stream, lambda item: 1 / item)
    assert stream.closed


async def test_being_cancelled_is_not_being_slow() -> None:
    for when in (0.5, 1.0):  # long before, and in the very moment
        stream = Stream(5)
        async with TaskScope("test") as scope:
            task = scope.start(read(stream), name="read")
            asyncio.get_running_loop().call_later(when, task.cancel)
            await asyncio.wait([task])
        assert task.cancelled()
        assert stream.closed


async def test_an_iterator_that_cannot_be_closed_will_do() -> None:
    class Endless:
        def __aiter__(self) -> AsyncIterator[int]:
            return self

        async def __anext__(self) -> int:
            await asyncio.sleep(0.1)
            return 1

    async with Patient(Endless(), patience=1.0, too_slow=TooSlow) as items:
        async for _ in items:
            break
