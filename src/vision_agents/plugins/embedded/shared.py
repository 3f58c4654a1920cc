"""What the sessions of a process share: made once, off the event loop, by whoever asks first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


def turn(key: str) -> asyncio.Lock:
    """The running loop's lock of that name: those who wait for it hold no thread."""
    locks = _turns.setdefault(asyncio.get_running_loop(), {})
    return locks.setdefault(key, asyncio.Lock())


async def off_loop(work: Callable[[threading.Event], T]) -> T:
    """Run slow work in a thread.

    If the caller is cancelled, the event that `work` was given is set and the thread's end awaited.
    """
    stop = threading.Event()
    job = asyncio.get_running_loop().run_in_executor(None, work, stop)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([job])
        if not job.cancelled():
            job.exception()
        raise


class Shared(Generic[T]):
    """One value for the whole process.

    Args:
        key: names the value; makers of the same key never run at once on one loop.
        make: blocks until the value is there; given an event that asks it to give up.
    """

    def __init__(self, key: str, make: Callable[[threading.Event], T]) -> None:
        self._key = key
        self._make = make
        self._made: T | None = None
        self._guard = threading.Lock()

    async def get(self) -> T:
        """The value; what `make` raised, if it failed, and then the next caller tries again."""
        if self._made is None:
            async with turn(self._key):
                if self._made is None:
                    return await off_loop(self._get_blocking)
        return self._made

    def _get_blocking(self, stop: threading.Event) -> T:
        with self._guard:
            if self._made is None:
                self._made = self._make(stop)
            return self._made
