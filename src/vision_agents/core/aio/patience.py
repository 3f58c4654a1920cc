"""Async iterators that must go on, and are closed when they are left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_NEVER = float("inf")
_GRAIN = 1e-6
"""A loop fires a timer up to one tick of its clock early: by then the deadline has come."""


class Patient(Generic[T]):
    """Items of `items`, none of which may take longer than `patience` seconds; the block ends the iterator.

        async with Patient(stream, patience=10.0, too_slow=give_up) as items:
            async for item in items: ...

    Where one takes longer, the block is left with `too_slow()`. Only waiting for an item counts, not what is
    done with it. There is one timer for all: an item moves the deadline, and the timer looks at it when it
    fires. A timer an item would cost more than the item's way through the engine.
    """

    def __init__(
        self, items: AsyncIterator[T], *, patience: float, too_slow: Callable[[], Exception]
    ) -> None:
        self._items = items
        self._patience = patience
        self._too_slow = too_slow
        self._loop = asyncio.get_running_loop()
        self._deadline = _NEVER
        self._expired = False

    async def __aenter__(self) -> Patient[T]:
        """Begin to watch the time."""
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._timer = self._loop.call_later(self._patience, self._look)
        return self

    def __aiter__(self) -> Patient[T]:
        """Go through the items."""
        return self

    async def __anext__(self) -> T:
        """Wait for the next item, not for ever."""
        self._deadline = self._loop.time() + self._patience
        try:
            return await anext(self._items)
        finally:
            self._deadline = _NEVER

    def _look(self) -> None:
        now = self._loop.time()
        if now < self._deadline - _GRAIN:
            self._timer = self._loop.call_at(min(self._deadline, now + self._patience), self._look)
        else:
            self._expired = True
            self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the iterator: one that is left early may still work behind the scenes."""
        self._timer.cancel()
        # A cancellation that somebody else asked for as well stays one.
        own = self._expired and self._task.uncancel() <= self._cancelling
        close = getattr(self._items, "aclose", None)
        if close is not None:
            await close()
        if own and kind is asyncio.CancelledError:
            raise self._too_slow() from error
