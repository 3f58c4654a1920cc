"""An event that costs nothing to speak of before somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


class Flag:
    """Does what an `asyncio.Event` does, which holds 800 bytes for waiters before there are any.

    A session has a dozen and a turn five, and at most of them nobody ever waits.
    """

    __slots__ = ("_is_set", "_waiters")

    def __init__(self, *, is_set: bool = False) -> None:
        self._is_set = is_set
        self._waiters: Sequence[asyncio.Future[None]] = ()

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Let everybody go on who waits, and nobody wait from now on."""
        self._is_set = True
        waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def clear(self) -> None:
        """Let whoever comes from now on wait."""
        self._is_set = False

    async def wait(self) -> None:
        """Return when it is set."""
        if not self._is_set:
            waiter = asyncio.get_running_loop().create_future()
            waiting = (one for one in self._waiters if not one.done())  # without those who gave up
            self._waiters = (*waiting, waiter)
            await waiter
