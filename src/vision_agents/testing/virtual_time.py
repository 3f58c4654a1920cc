"""An event loop on which waiting takes no time.

Time stands still while there is anything to do, then jumps to the next timer. A scene of an hour
runs in milliseconds, and always in the same order.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

ResultT = TypeVar("ResultT")
Arguments = TypeVarTuple("Arguments")


class Deadlock(RuntimeError):
    """Nothing can ever happen any more: every task waits, and no timer or job will wake one."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock starts at 0.0 s and jumps to the next timer when nothing is ready.

    While a job of an executor runs (`run_in_executor`, `asyncio.to_thread`), time stands still and the
    loop really waits for it: what a job costs does not depend on the machine. A thread that is not
    an executor's job is not waited for. Sockets, pipes and subprocesses are refused: use a real loop.

    Raises `Deadlock` out of `run_until_complete` where it would otherwise wait for ever.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._jobs = 0
        super().__init__(_VirtualSelector(self._wait))
        self.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))

    def time(self) -> float:
        """Tell the virtual time, in seconds since the loop was made."""
        return self._now

    def set_default_executor(self, executor: ThreadPoolExecutor) -> None:  # type: ignore[override]
        """Choose where `run_in_executor(None, ...)` runs its jobs."""
        self._pool = executor
        super().set_default_executor(executor)

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*Arguments], ResultT],
        *args: *Arguments,
    ) -> asyncio.Future[ResultT]:
        """Run a job in a thread; virtual time stands still until it has ended, also when it is cancelled."""
        job = (executor or self._pool).submit(func, *args)
        self._jobs += 1
        result = asyncio.wrap_future(job, loop=self)
        # After wrap_future, so that the result is on the loop before the job counts as ended.
        job.add_done_callback(self._report_end)
        return result

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the base's own
        """Wait, really, for the default executor's threads."""
        self._jobs += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jobs -= 1

    def _report_end(self, _: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop may be closed by now
            self.call_soon_threadsafe(self._count_end)

    def _count_end(self) -> None:
        self._jobs -= 1

    def _wait(self, timeout: float | None) -> float | None:
        """Say how long really to wait: a jump takes no time, a job as long as it takes (None)."""
        if self._jobs:
            return None
        if timeout is None:
            raise Deadlock(self._describe_deadlock())
        # Whole nanoseconds: many small steps must not drift. Less than that is due at once anyway.
        self._now = round(self._now + timeout, 9)
        return 0

    def _describe_deadlock(self) -> str:
        waiting = sorted(f"{task.get_name()} ({task.get_coro()!r})" for task in asyncio.all_tasks(self))
        return (
            f"deadlock: nothing scheduled at {self._now:.3f} s of virtual time; no timer and no job "
            f"will wake the tasks that wait: {'; '.join(waiting) or 'none'}."
        )


class _VirtualSelector(selectors.DefaultSelector):
    """Watches the loop's own wake-up socket and nothing else."""

    def __init__(self, wait: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._wait = wait

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.get_map():
            raise NotImplementedError(
                "A virtual-time loop has no sockets, pipes or subprocesses: run this on a real loop."
            )
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        return super().select(self._wait(timeout))


def run_virtual(main: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run `main` to its end on a new virtual-time loop, like `asyncio.run`."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
