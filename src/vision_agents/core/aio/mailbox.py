"""A bounded queue between two stages that says how it ended."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from vision_agents.core.aio.flag import Flag

T = TypeVar("T")


class MailboxClosed(Exception):
    """Nothing can be put in any more."""


class Mailbox(Generic[T]):
    """One reader, many writers on one loop; a full mailbox makes `send` wait.

    Iterating ends when the mailbox is closed and empty, or raises the error it was broken with.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be >= 1, not {capacity}.")
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._changed = Flag()
        self._closed = False
        self._error: Exception | None = None

    async def send(self, item: T) -> None:
        """Put `item` in, waiting for room."""
        while len(self._items) >= self._capacity and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed:
            raise MailboxClosed("The mailbox is closed.")
        self._items.append(item)
        self._changed.set()

    def close(self, error: Exception | None = None) -> None:
        """End it: the reader gets what is left, then the end (or `error`)."""
        if not self._closed:
            self._closed = True
            self._error = error
        self._changed.set()

    def __len__(self) -> int:
        """Count the items that wait."""
        return len(self._items)

    def __aiter__(self) -> Mailbox[T]:
        """Read until the end; whoever stops earlier closes the mailbox, so that writers stop waiting."""
        return self

    async def __anext__(self) -> T:
        """Take the oldest item, waiting for one."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        item = self._items.popleft()
        self._changed.set()
        return item
