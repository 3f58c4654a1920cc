"""A store that is slow or gone costs a bounded time, and few words."""

from __future__ import annotations

import asyncio

import pytest

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.launcher.registry.guard import StoreGuard

pytestmark = pytest.mark.virtual_time


class Store:
    """Answers, fails or hangs, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing = 0
        self.hangs = False

    async def step(self) -> str:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failing > 0:
            self.failing -= 1
            raise ConnectionError("gone")
        return "answer"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def guard() -> StoreGuard:
    return StoreGuard()


def now() -> float:
    return asyncio.get_running_loop().time()


async def fail(guard: StoreGuard, store: Store) -> RegistryUnavailable:
    with pytest.raises(RegistryUnavailable, match=r"cannot be reached.*try again") as caught:
        await guard.call(store.step)
    return caught.value


async def test_what_fails_at_once_is_tried_again(guard: StoreGuard, store: Store) -> None:
    store.failing = 2

    assert await guard.call(store.step) == "answer"
    assert store.asked == 3
    assert now() < 0.2
    assert guard.available


async def test_what_goes_on_failing_is_reported_with_its_cause(guard: StoreGuard, store: Store) -> None:
    store.failing = 3

    error = await fail(guard, store)

    assert isinstance(error.__cause__, ConnectionError)
    assert error.retry_after > 0


async def test_what_hangs_is_given_up_after_a_second(guard: StoreGuard, store: Store) -> None:
    store.hangs = True

    await fail(guard, store)

    assert now() == 1.0
    assert store.asked == 1


async def test_a_store_that_is_gone_is_not_asked_until_a_second_has_passed(
    guard: StoreGuard, store: Store
) -> None:
    store.hangs = True
    await fail(guard, store)
    await fail(guard, store)
    assert not guard.available

    error = await fail(guard, store)
    assert (store.asked, now()) == (2, 2.0)
    await asyncio.sleep(error.retry_after + 0.001)
    store.hangs = False

    assert await guard.call(store.step) == "answer"
    assert guard.available


async def test_one_at_a_time_looks_whether_the_store_is_back(guard: StoreGuard, store: Store) -> None:
    store.hangs = True
    await fail(guard, store)
    await fail(guard, store)
    await asyncio.sleep(1)

    await asyncio.gather(*(fail(guard, store) for _ in range(10)))

    assert store.asked == 3
    assert not guard.available


async def test_a_look_that_is_cancelled_lets_the_next_one_look(guard: StoreGuard, store: Store) -> None:
    store.hangs = True
    await fail(guard, store)
    await fail(guard, store)
    await asyncio.sleep(1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(guard.call(store.step), 0.1)
    store.hangs = False

    assert await guard.call(store.step) == "answer"


async def test_a_cancellation_that_a_driver_swallows_is_raised_all_the_same(guard: StoreGuard) -> None:
    async def swallow() -> str:
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            return "answer"
        return "too late"

    async def swallow_and_fail() -> str:
        await swallow()
        raise ConnectionError("gone")

    for step in (swallow, swallow_and_fail):
        async with TaskScope("scope") as scope:
            task = scope.start(guard.call(step), name="step")
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
    assert guard.available


async def test_a_task_that_is_being_cancelled_can_still_do_its_last_steps(
    guard: StoreGuard, store: Store
) -> None:
    answers: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            answers.append(await guard.call(store.step))

    async with TaskScope("scope") as scope:
        scope.start(work(), name="work")
        await asyncio.sleep(0.1)

    assert answers == ["answer"]


async def test_who_insists_is_let_through(guard: StoreGuard, store: Store) -> None:
    store.failing = 6
    await fail(guard, store)
    await fail(guard, store)

    assert await guard.call(store.step, insist=True) == "answer"
    assert guard.available


async def test_an_outage_is_told_once_in_ten_seconds_and_its_end_once(
    guard: StoreGuard, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.failing = 10_000
    while now() < 29:
        await fail(guard, store)
        await asyncio.sleep(0.1)
    store.failing = 0
    while now() < 60:
        await asyncio.sleep(1)
        await guard.call(store.step)

    lines = [record.getMessage() for record in caplog.records]
    assert lines[-1] == "The session registry's store can be reached again"
    assert lines[:-1] == ["The session registry's store cannot be reached"] * 3
