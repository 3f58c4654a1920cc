"""Nodes that share a store, with sessions that beat as a launcher lets them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import Command, RegistryStore
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.status import Reason, SessionStatus


def session(session_id: str, call_id: str = "lunch", *, node_id: str = "ann") -> SessionInfo:
    return SessionInfo(
        session_id=session_id,
        call_id=call_id,
        node_id=node_id,
        started_at=1.0,
        status=SessionStatus.ACTIVE,
    )


def ended(info: SessionInfo, reason: Reason = Reason.COMPLETED) -> SessionInfo:
    return SessionInfo(
        session_id=info.session_id,
        call_id=info.call_id,
        node_id=info.node_id,
        started_at=info.started_at,
        status=SessionStatus.CLOSED,
        reason=reason,
    )


class Node:
    """A node whose sessions run until it leaves or closes them; what it does is what a launcher does."""

    def __init__(self, registry: SessionRegistry, *, interval: float = 5.0) -> None:
        self.registry = registry
        self.interval = registry.heartbeat_interval(interval)
        self.sessions: dict[str, SessionInfo] = {}
        self.left: set[str] = set()
        self.closed: set[str] = set()
        self.awake = asyncio.Event()
        self.awake.set()

    async def claim(self, session_id: str, call_id: str = "lunch", *, limit: int | None = None) -> None:
        info = session(session_id, call_id, node_id=self.registry.node_id)
        await self.registry.claim(info, max_per_call=limit)
        self.sessions[session_id] = info

    async def beat(self) -> None:
        heartbeat = await self.registry.heartbeat(list(self.sessions.values()))
        self.left |= heartbeat.lost
        self.closed |= heartbeat.close
        for session_id in (heartbeat.lost | heartbeat.close) & self.sessions.keys():
            await self.registry.release(ended(self.sessions.pop(session_id), Reason.REQUESTED))

    async def live(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            await self.awake.wait()
            try:
                await self.beat()
            except RegistryUnavailable:
                continue


@asynccontextmanager
async def living(*nodes: Node) -> AsyncGenerator[None]:
    """Let nodes beat."""
    async with TaskScope("nodes") as scope:
        for node in nodes:
            scope.start(node.live(), name=node.registry.node_id)
        yield


async def eventually(look: Callable[[], Awaitable[bool]], *, within: float) -> float:
    """Wait until something is so, and tell how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(within):
        while True:
            if await look():
                return loop.time() - began
            await asyncio.sleep(0.02)


class Line:
    """A node's line to a store in the same process, which can be cut."""

    def __init__(self, store: InMemorySessionKVStore) -> None:
        self._store = store
        self.cut = False

    @property
    def port(self) -> RegistryStore:
        return cast("RegistryStore", self)

    def __getattr__(self, name: str) -> Any:
        return _fail if self.cut and name != "close" else getattr(self._store, name)


async def _fail(*_: object, **__: object) -> None:
    raise ConnectionError("the line is cut")


class Cluster:
    """Two nodes and their lines to one store."""

    def __init__(self) -> None:
        self.store = InMemorySessionKVStore()
        self.lines = [Line(self.store), Line(self.store)]
        self.ann, self.bob = (
            Node(SessionRegistry(line.port, node_id=name))
            for line, name in zip(self.lines, ("ann", "bob"), strict=True)
        )

    def cut(self) -> None:
        for line in self.lines:
            line.cut = True

    def restore(self) -> None:
        for line in self.lines:
            line.cut = False


async def seen(
    node: Node, session_id: str, call_id: str = "lunch"
) -> tuple[SessionStatus, Reason | None] | None:
    info = await node.registry.get(call_id, session_id)
    return None if info is None else (info.status, info.reason)


def listening(registry: SessionRegistry) -> aclosing[AsyncGenerator[Command]]:
    """Take a node's commands, and stop taking them in the end."""
    return aclosing(cast("AsyncGenerator[Command]", registry.commands()))
