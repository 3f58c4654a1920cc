"""Something a launcher does again and again, whatever became of the last time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

_MISSED = 3
"""A duty is late when it has not been done for this many intervals."""


class Duty:
    """Does some work at a steady pace; one that fails, hangs or is cut is tried again in time.

    Equal failures in a row are logged once.

    Args:
        name: for logs and for whoever asks what is late.
        work: what is done.
        every: seconds from one beginning to the next.
        retry: seconds after which a failed attempt is repeated, where that is sooner.
        limit: seconds that one attempt may take; it is cut then, and counts as done.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        every: Seconds,
        retry: Seconds = float("inf"),
        limit: Seconds | None = None,
    ) -> None:
        self.name = name
        self._work = work
        self._every = every
        self._retry = min(retry, every)
        self._limit = limit
        self._patience = max(_MISSED * every, (limit or 0.0) + every)
        self._clock = asyncio.get_running_loop().time
        self._done_at = self._clock()
        self._trouble = ""

    @property
    def late_by(self) -> Seconds:
        """How long ago it was done, where that is too long ago; else 0.0."""
        since = self._clock() - self._done_at
        return since if since > self._patience else 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            began = self._clock()
            await self._attempt()
            pace = self._retry if self._trouble else self._every
            # A slow attempt shortens the pause, but the loop is never without one.
            await asyncio.sleep(max(began + pace - self._clock(), pace / 10))

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(self._limit):
                await self._work()
        except Exception as error:  # noqa: BLE001 - the duty goes on, whatever its work is made of
            self._tell(error)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._tell(error)  # something inside was cancelled, not this duty
        else:
            if self._trouble:
                self._trouble = ""
                logger.debug("A maintenance duty works again", extra={"duty": self.name})
        self._done_at = self._clock()

    def _tell(self, error: BaseException) -> None:
        if self._trouble != type(error).__name__:
            self._trouble = type(error).__name__
            # Of its store the registry tells by itself.
            level = logging.DEBUG if isinstance(error, RegistryUnavailable) else logging.WARNING
            logger.log(level, "A maintenance duty failed", extra={"duty": self.name, **failure_fields(error)})
