"""An event that costs nothing to speak of before somebody waits for it."""

from __future__ import annotations

import asyncio


class Flag:
    """Does what an `asyncio.Event` does, which holds 800 bytes for waiters before there are any.

    A session has a dozen, and at most of them nobody ever waits.
    """

    __slots__ = ("_event", "_is_set")

    def __init__(self, *, is_set: bool = False) -> None:
        self._is_set = is_set
        self._event: asyncio.Event | None = None
        """While somebody waits."""

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Let everybody go on who waits, and nobody wait from now on."""
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        """Let whoever comes from now on wait."""
        self._is_set = False

    async def wait(self) -> None:
        """Return when it is set."""
        if not self._is_set:
            self._event = self._event or asyncio.Event()
            await self._event.wait()
