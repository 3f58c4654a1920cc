"""Which sessions there are, and whose closing was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field

from vision_agents.core.errors import MaxSessionsPerCallExceeded
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.core.types.units import Seconds

_ENDED_FOR: Seconds = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """What everybody may know of a session; `started_at` is in seconds since the epoch."""

    session_id: str
    call_id: str
    node_id: str
    started_at: Seconds
    call_type: str = "default"
    status: SessionStatus = SessionStatus.STARTING
    reason: Reason | None = None
    detail: str = ""
    metrics: Mapping[str, int | float | None] = field(default_factory=dict[str, int | float | None])
    metrics_updated_at: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """A command: close a session."""

    call_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a heartbeat tells: which sessions another owner has, and which are to be closed."""

    lost: frozenset[str] = frozenset()
    close: frozenset[str] = frozenset()


class InMemorySessionKVStore:
    """What the registries of one process share."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, SessionInfo]] = {}
        self.ended: dict[tuple[str, str], tuple[SessionInfo, Seconds]] = {}
        self.flags: set[str] = set()
        self.streams: dict[str, asyncio.Queue[Close]] = {}


class SessionRegistry:
    """The sessions of this process, in memory.

    Args:
        store: shared by the registries that see one another's sessions.
        node_id: the name of this node; random where it is left out.
        ttl: how long a session is remembered without a heartbeat.
    """

    def __init__(
        self,
        store: InMemorySessionKVStore | None = None,
        *,
        node_id: str | None = None,
        ttl: Seconds = 30.0,
    ) -> None:
        self.node_id = node_id or new_id()
        self.ttl = ttl
        self.available = True
        self._store = store or InMemorySessionKVStore()

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""

    def heartbeat_interval(self, maintenance_interval: Seconds) -> Seconds:
        """How often to send heartbeats."""
        return min(maintenance_interval, self.ttl / 3)

    async def claim(self, info: SessionInfo, *, max_per_call: int | None = None) -> None:
        """Put a session in, unless its call has `max_per_call` sessions already."""
        if max_per_call is not None and len(self._store.calls.get(info.call_id, ())) >= max_per_call:
            raise MaxSessionsPerCallExceeded(f"Call {info.call_id} already has {max_per_call} sessions.")
        self._put(info)

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        """Tell how sessions stand now."""
        lost: set[str] = set()
        for info in infos:
            known = self._store.calls.get(info.call_id, {}).get(info.session_id)
            if known is not None and known.node_id != self.node_id:
                lost.add(info.session_id)
            elif (info.call_id, info.session_id) not in self._store.ended:
                self._put(info)
        close = self._store.flags & {info.session_id for info in infos}
        return Heartbeat(lost=frozenset(lost), close=frozenset(close))

    async def release(self, info: SessionInfo) -> None:
        """Take a session out that has ended."""
        sessions = self._store.calls.get(info.call_id, {})
        sessions.pop(info.session_id, None)
        if not sessions:
            self._store.calls.pop(info.call_id, None)
        self._store.flags.discard(info.session_id)
        now = asyncio.get_running_loop().time()
        self._store.ended[info.call_id, info.session_id] = (info, now)

    async def get(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session of a call."""
        return self._store.calls.get(call_id, {}).get(session_id)

    async def ended(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        info, at = self._store.ended.get((call_id, session_id), (None, 0.0))
        return info if asyncio.get_running_loop().time() - at < _ENDED_FOR else None

    async def get_for_call(self, call_id: str) -> list[SessionInfo]:
        """List the sessions of a call, oldest first."""
        return list(self._store.calls.get(call_id, {}).values())

    async def list_sessions(self, *, limit: int = 1000) -> list[SessionInfo]:
        """List sessions."""
        return [info for sessions in self._store.calls.values() for info in sessions.values()][:limit]

    async def request_close(self, call_id: str, session_id: str) -> bool:
        """Ask whoever runs the session to close it; tells whether there is such a session."""
        info = await self.get(call_id, session_id)
        if info is None:
            return False
        self._store.flags.add(session_id)
        self._stream(info.node_id).put_nowait(Close(call_id, session_id))
        return True

    async def commands(self) -> AsyncIterator[Close]:
        """This node's commands, as they come."""
        stream = self._stream(self.node_id)
        while True:
            yield await stream.get()

    def _stream(self, node_id: str) -> asyncio.Queue[Close]:
        return self._store.streams.setdefault(node_id, asyncio.Queue())

    def _put(self, info: SessionInfo) -> None:
        self._store.calls.setdefault(info.call_id, {})[info.session_id] = info
