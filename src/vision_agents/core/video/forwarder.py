"""Pictures of one track to several handlers, each at its own pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from inspect import isawaitable
from typing import Any, TypeAlias

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.track import VideoTrack

logger = logging.getLogger("vision_agents.video")

FrameHandler: TypeAlias = Callable[[VideoFrame], Coroutine[Any, Any, object] | object]
Handled: TypeAlias = Callable[[Seconds], None]
Failed: TypeAlias = Callable[[str, Exception], None]


class VideoForwarder:
    """Gives each handler the newest picture at its own rate, one at a time.

    A handler that is slow gets fewer pictures and never old ones: nothing is queued. One that fails is told
    of, and gets the next picture; the others do not notice.

    Args:
        track: whose pictures they are.
        fps: the most that any handler may ask for, in pictures a second.
        name: in log records.
        on_handled: told how long a handler took, in seconds.
        on_failed: told the handler's name and its error, once for each row of failures.
    """

    def __init__(
        self,
        track: VideoTrack,
        *,
        fps: float = 30.0,
        name: str = "video",
        on_handled: Handled | None = None,
        on_failed: Failed | None = None,
    ) -> None:
        self.track = track
        self.fps = _checked(fps)
        self._name = name
        self._on_handled = on_handled
        self._on_failed = on_failed
        self._scope = TaskScope(f"forwarder:{name}")
        self._handlers: list[_Handler] = []
        self._ended = [0, 0, 0]

    @property
    def handled(self) -> int:
        """Pictures that were given to handlers, so far."""
        return self._ended[0] + sum(handler.handled for handler in self._handlers)

    @property
    def skipped(self) -> int:
        """Pictures that a newer one replaced before a handler was free or due, so far."""
        return self._ended[1] + sum(handler.skipped for handler in self._handlers)

    @property
    def failures(self) -> int:
        """How often a handler has failed, so far."""
        return self._ended[2] + sum(handler.failures for handler in self._handlers)

    def add_frame_handler(
        self, callback: FrameHandler, *, fps: float | None = None, name: str | None = None
    ) -> None:
        """Give `callback`, sync or async, the newest picture `fps` times a second, from now on.

        A sync one must be quick. Without `fps` it gets as many as the forwarder gives.

        Raises:
            ValueError: more than the forwarder's own fps, or it is a handler already.
            ScopeClosed: the forwarder has been stopped.
        """
        if fps is not None and _checked(fps) > self.fps:
            raise ValueError(f"fps must be at most the forwarder's {self.fps:g}, not {fps:g}.")
        if any(handler.callback == callback for handler in self._handlers):
            raise ValueError("This handler gets the pictures already: remove it first.")
        label = name or getattr(callback, "__qualname__", type(callback).__name__)
        handler = _Handler(callback, interval=1 / (fps or self.fps), name=label)
        handler.task = self._scope.start(self._run(handler), name=label)
        self._handlers.append(handler)
        self.track.watch(handler.take)

    async def remove_frame_handler(self, callback: FrameHandler) -> bool:
        """Give `callback` no more pictures; returns when it has ended, and whether it was a handler.

        A handler may remove itself.
        """
        for handler in self._handlers:
            if handler.callback == callback:
                self._forget(handler)
                await handler.end()
                return True
        return False

    async def stop(self) -> None:
        """Give nobody pictures any more; returns when every handler has ended."""
        for handler in tuple(self._handlers):
            self._forget(handler)
        await self._scope.close()

    def _forget(self, handler: _Handler) -> None:
        self.track.unwatch(handler.take)
        self._handlers.remove(handler)
        counts = (handler.handled, handler.skipped, handler.failures)
        self._ended = [old + new for old, new in zip(self._ended, counts, strict=True)]

    async def _run(self, handler: _Handler) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while not handler.removed:
            await handler.fresh.wait()
            if (wait := due - clock()) > 0:
                await asyncio.sleep(wait)
            frame = handler.give()
            began = clock()
            due = max(due + handler.interval, began)
            try:
                outcome = handler.callback(frame)
                if isawaitable(outcome):
                    await outcome
                handler.failing = False
            except Exception as error:  # noqa: BLE001 - a handler is foreign code
                self._note(handler, error)
            if self._on_handled is not None:
                self._on_handled(clock() - began)

    def _note(self, handler: _Handler, error: Exception) -> None:
        handler.failures += 1
        if not handler.failing:
            handler.failing = True
            logger.error(
                "A handler of pictures failed",
                extra={"handler": handler.name, "forwarder": self._name, **failure_fields(error)},
            )
            if self._on_failed is not None:
                self._on_failed(handler.name, error)


class _Handler:
    """One handler, and the one picture that waits for it."""

    def __init__(self, callback: FrameHandler, *, interval: Seconds, name: str) -> None:
        self.callback = callback
        self.interval = interval
        self.name = name
        self.fresh = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.handled = self.skipped = self.failures = 0
        self.failing = self.removed = False
        self._waiting: VideoFrame | None = None

    def take(self, frame: VideoFrame) -> None:
        self.skipped += self._waiting is not None
        self._waiting = frame
        self.fresh.set()

    def give(self) -> VideoFrame:
        frame, self._waiting = self._waiting, None
        assert frame is not None
        self.handled += 1
        self.fresh.clear()
        return frame

    async def end(self) -> None:
        self.removed = True
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()
            await asyncio.wait([self.task])


def _checked(fps: float) -> float:
    if not 0 < fps <= 1000:
        raise ValueError(f"fps must be more than 0 and at most 1000, not {fps}.")
    return fps
