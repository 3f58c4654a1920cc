"""Every task has a parent: the scope."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from vision_agents.core.aio.failures import failure_fields

logger = logging.getLogger("vision_agents.aio")

OnError = Callable[[Exception], None]


class ScopeClosed(RuntimeError):
    """No child can start any more: the scope ends, or has ended."""


class TaskScope:
    """Tasks that end with the scope: leaving it cancels what still runs and waits for it.

    A failing child goes to its `on_error`; without one the error is logged once and the others go on.
    The task that enters the scope leaves it; children may be started from anywhere on the same loop.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> TaskScope:
        """Open the scope."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel and await the children."""
        await self.close()

    def start(
        self, work: Coroutine[Any, Any, Any], *, name: str, on_error: OnError | None = None
    ) -> asyncio.Task[None]:
        """Run `work` as a child; a closed scope drops it without running it and raises `ScopeClosed`."""
        if self._closed:
            work.close()
            raise ScopeClosed(f"Scope {self._name} is closed: {name} cannot start.")
        task = asyncio.get_running_loop().create_task(
            self._supervise(work, name, on_error), name=f"{self._name}:{name}"
        )
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._forget(ended, work))
        return task

    async def close(self) -> None:
        """Cancel all children and wait until they have ended; the caller's own task is left alone."""
        self._closed = True
        current = asyncio.current_task()
        while running := [task for task in self._tasks if task is not current and not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running)

    def holds(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether `task` is one of the children."""
        return task in self._tasks

    @property
    def closed(self) -> bool:
        """Whether no child can start any more."""
        return self._closed

    def _forget(self, task: asyncio.Task[None], work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.discard(task)
        work.close()  # a task that was cancelled before its first step has not touched it

    async def _supervise(self, work: Coroutine[Any, Any, Any], name: str, on_error: OnError | None) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the top of a task
            if on_error is None:
                logger.error(
                    "A task failed", extra={"scope": self._name, "task": name, **failure_fields(error)}
                )
            else:
                on_error(error)
