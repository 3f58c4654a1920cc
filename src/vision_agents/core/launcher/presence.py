"""How this node's sessions stand in the registry, and how they ended, whatever becomes of the registry."""

from __future__ import annotations

import asyncio
import logging

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

_ENDED_FOR: Seconds = 60.0
"""How long it can be asked how a session ended."""

_RELEASE_LIMIT: Seconds = 2.0
"""A session's end waits for the registry no longer than this."""


class Presence:
    """Claims and releases the sessions of one node.

    How a session ended is also known here for a minute, so that it can be told while the registry is away.
    """

    def __init__(self, registry: SessionRegistry, *, max_per_call: int | None) -> None:
        self._registry = registry
        self._max_per_call = max_per_call
        self._ended: dict[str, tuple[SessionInfo, Seconds]] = {}

    @property
    def node_id(self) -> str:
        """The name of this node."""
        return self._registry.node_id

    async def slots_known(self) -> None:
        """Return when slots in calls with a limit can be claimed.

        A registry that knows of no node is new, or has lost what it knew: other nodes get the time to tell.
        """
        pause = self._registry.recovers_in
        if self._max_per_call is not None and pause:
            logger.info("The registry is empty: others may have sessions", extra={"seconds": round(pause)})
            await asyncio.sleep(pause)

    async def claim(self, info: SessionInfo) -> None:
        """Put a session in, before anything is built for it.

        Raises:
            MaxSessionsPerCallExceeded: the call has as many sessions as it may, on all nodes together.
            RegistryUnavailable: the registry cannot be asked, or has to recover first.
        """
        await self._registry.claim(info, max_per_call=self._max_per_call)

    async def release(self, info: SessionInfo) -> None:
        """Take a session out that has ended; never raises, and takes two seconds at the longest."""
        self._remember(info)
        try:
            async with asyncio.timeout(_RELEASE_LIMIT):
                await self._registry.release(info)
        except Exception as error:  # noqa: BLE001 - without heartbeats the registry forgets it anyway
            logger.warning("A session was not released", extra=failure_fields(error))

    def ended(self, call_id: str, session_id: str) -> SessionInfo | None:
        """How a session of this node ended within the last minute."""
        info, at = self._ended.get(session_id, (None, 0.0))
        if info is None or info.call_id != call_id or at + _ENDED_FOR < _now():
            return None
        return info

    def _remember(self, info: SessionInfo) -> None:
        """Keep how a session ended, and forget what is too old; the oldest come first."""
        now = _now()
        self._ended[info.session_id] = (info, now)
        while (oldest := next(iter(self._ended))) and self._ended[oldest][1] + _ENDED_FOR < now:
            del self._ended[oldest]


def _now() -> Seconds:
    return asyncio.get_running_loop().time()
