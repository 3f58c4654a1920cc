"""Which sessions there are, and whose closing was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vision_agents.core.types.ids import new_id
from vision_agents.core.types.status import SessionStatus
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What everybody may know of a session; `started_at` is in seconds since the epoch."""

    session_id: str
    call_id: str
    node_id: str
    started_at: Seconds
    status: SessionStatus = SessionStatus.STARTING


class SessionRegistry:
    """The sessions of this process, in memory; launchers that share one see each other's.

    Args:
        node_id: the name of this node; random where it is left out.
    """

    def __init__(self, *, node_id: str | None = None) -> None:
        self.node_id = node_id or new_id()
        self._calls: dict[str, dict[str, SessionInfo]] = {}
        self._close_requests: set[str] = set()

    async def register(self, info: SessionInfo, *, max_per_call: int | None = None) -> bool:
        """Put a session in, unless its call has `max_per_call` sessions already; tells whether it is in."""
        if max_per_call is not None and len(self._calls.get(info.call_id, ())) >= max_per_call:
            return False
        await self.renew([info])
        return True

    async def renew(self, infos: Iterable[SessionInfo]) -> None:
        """Tell how sessions stand now."""
        for info in infos:
            self._calls.setdefault(info.call_id, {})[info.session_id] = info

    async def remove(self, call_id: str, session_id: str) -> None:
        """Take a session out that has ended; one that is not there is ignored."""
        sessions = self._calls.get(call_id, {})
        sessions.pop(session_id, None)
        if not sessions:
            self._calls.pop(call_id, None)
        self._close_requests.discard(session_id)

    async def get(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session of a call."""
        return self._calls.get(call_id, {}).get(session_id)

    async def get_for_call(self, call_id: str) -> list[SessionInfo]:
        """List the sessions of a call, oldest first."""
        return list(self._calls.get(call_id, {}).values())

    async def request_close(self, call_id: str, session_id: str) -> None:
        """Ask whoever runs the session to close it; nothing where there is no such session."""
        if session_id in self._calls.get(call_id, {}):
            self._close_requests.add(session_id)

    async def take_close_requests(self, session_ids: Collection[str]) -> list[str]:
        """Tell which of these sessions are to be closed; each request is told once."""
        taken = [session_id for session_id in session_ids if session_id in self._close_requests]
        self._close_requests.difference_update(taken)
        return taken
