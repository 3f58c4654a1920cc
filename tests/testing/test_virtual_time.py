"""Waiting takes no time on a virtual-time loop, and jobs of an executor take none of its time."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vision_agents.testing.virtual_time import Deadlock, VirtualTimeLoop, run_virtual

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_an_hour_passes_in_no_time() -> None:
    began = time.perf_counter()

    await asyncio.sleep(3600)

    assert now() == 3600.0
    assert time.perf_counter() - began < 10


async def test_several_days_pass_in_one_jump_after_another() -> None:
    await asyncio.sleep(10 * 24 * 3600)

    assert now() == 864_000.0


async def test_timers_fire_in_the_order_of_their_times() -> None:
    heard: list[tuple[str, float]] = []

    async def speak(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        heard.append((name, now()))

    async with asyncio.TaskGroup() as group:
        group.create_task(speak("late", 5))
        group.create_task(speak("early", 1))
        group.create_task(speak("middle", 2.5))

    assert heard == [("early", 1.0), ("middle", 2.5), ("late", 5.0)]


async def test_many_small_steps_do_not_drift() -> None:
    for _ in range(3000):
        await asyncio.sleep(0.02)

    assert now() == 60.0


async def test_time_stands_still_while_something_is_ready() -> None:
    for _ in range(100):
        await asyncio.sleep(0)

    assert now() == 0.0


async def test_a_timeout_fires_at_its_virtual_time() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.sleep(31)

    assert now() == 30.0


async def test_a_job_costs_no_virtual_time() -> None:
    fired: list[float] = []
    asyncio.get_running_loop().call_later(0.001, lambda: fired.append(now()))
    release = threading.Event()

    job = asyncio.get_running_loop().run_in_executor(None, release.wait)
    threading.Timer(0.05, release.set).start()

    assert await job
    assert now() == 0.0
    assert not fired

    await asyncio.sleep(0.001)
    assert fired == [0.001]


async def test_a_job_that_is_no_longer_awaited_still_holds_time() -> None:
    release = threading.Event()
    began = threading.Event()
    ended_at: list[float] = []

    def work() -> None:
        began.set()
        release.wait()
        ended_at.append(loop.time())

    loop = asyncio.get_running_loop()
    waiting = loop.create_task(asyncio.to_thread(work))
    await asyncio.to_thread(began.wait)
    waiting.cancel()
    threading.Timer(0.05, release.set).start()
    await asyncio.sleep(1)

    assert ended_at == [0.0]
    assert now() == 1.0


async def test_a_job_of_an_own_executor_holds_time_too() -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        answer = await asyncio.wait_for(loop.run_in_executor(pool, lambda: 6 * 7), timeout=0.001)

    assert answer == 42
    assert now() == 0.0


async def test_a_job_that_fails_gives_its_error_and_time_goes_on() -> None:
    def work() -> None:
        raise ValueError("no such voice")

    with pytest.raises(ValueError, match="no such voice"):
        await asyncio.to_thread(work)
    await asyncio.sleep(2)

    assert now() == 2.0


async def test_a_running_job_may_speak_to_the_loop() -> None:
    loop = asyncio.get_running_loop()
    tokens: asyncio.Queue[str] = asyncio.Queue()

    def generate() -> None:
        for token in ("It", " is", " sunny"):
            loop.call_soon_threadsafe(tokens.put_nowait, token)

    await loop.run_in_executor(None, generate)

    assert [tokens.get_nowait() for _ in range(3)] == ["It", " is", " sunny"]


async def test_a_socket_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(NotImplementedError, match="real loop"):
        asyncio.get_running_loop().add_reader(ours, lambda: None)


class TestRunVirtual:
    def test_gives_the_result(self) -> None:
        async def main() -> float:
            await asyncio.sleep(12)
            return now()

        assert run_virtual(main()) == 12.0

    def test_starts_at_zero_each_time(self) -> None:
        async def main() -> float:
            return now()

        assert [run_virtual(main()), run_virtual(main())] == [0.0, 0.0]

    def test_a_deadlock_is_an_error_that_names_who_waits(self) -> None:
        async def wait_for_nobody() -> None:
            await asyncio.Event().wait()

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(wait_for_nobody(), name="caller")
                await asyncio.sleep(7)

        with pytest.raises(Deadlock, match=r"deadlock: nothing scheduled at 7\.000 s.*caller"):
            run_virtual(main())

    def test_a_deadlock_still_runs_the_final_clauses(self) -> None:
        closed: list[bool] = []

        async def main() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                closed.append(True)

        with pytest.raises(Deadlock):
            run_virtual(main())
        assert closed == [True]

    def test_no_thread_of_the_default_executor_is_left(self) -> None:
        before = set(threading.enumerate())

        async def main() -> None:
            await asyncio.to_thread(lambda: None)

        run_virtual(main())

        assert set(threading.enumerate()) <= before


def test_the_loop_can_be_driven_by_hand() -> None:
    loop = VirtualTimeLoop()
    heard: list[float] = []
    loop.call_later(3, lambda: heard.append(loop.time()))
    loop.run_until_complete(asyncio.sleep(4))
    loop.close()

    assert heard == [3.0]
