"""A virtual-time loop whose processes can be stopped: their callbacks wait, the world goes on."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from vision_agents.testing.virtual_time import VirtualTimeLoop

_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)
WORLD = contextvars.Context()
"""What runs in here belongs to no process and is never stopped."""


class Process:
    """A share of the loop: everything that was begun in its context, directly or not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopped = False
        self.waiting: list[asyncio.Handle] = []
        self.context = contextvars.copy_context()
        self.context.run(_PROCESS.set, self)

    def stop(self) -> None:
        """Stand still; timers that are due wait too."""
        self.stopped = True

    def go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run what was due meanwhile, in its order."""
        self.stopped = False
        due, self.waiting = self.waiting, []
        for handle in due:
            loop.call_soon(_run, handle, context=WORLD)

    def start(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task in this process."""
        return loop.create_task(work, name=f"{self.name}:work", context=self.context)


class ProcessLoop(VirtualTimeLoop):
    """Holds back the callbacks of stopped processes."""

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        process = _PROCESS.get() if context is None else context.get(_PROCESS)
        if process is None or not process.stopped:
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        process.waiting.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        process = _PROCESS.get() if context is None else context.get(_PROCESS)
        if process is None:
            return super().call_at(when, callback, *args, context=context)

        def ring() -> None:
            if process.stopped:
                process.waiting.append(timer)
            else:
                callback(*args)

        timer = super().call_at(when, ring, context=context)
        return timer


def _run(handle: asyncio.Handle) -> None:
    if not handle.cancelled():
        handle._run()  # pyright: ignore[reportPrivateUsage] - what the loop itself would do
