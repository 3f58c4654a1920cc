"""Who is in which call, as the transport saw it: what the launcher and the registry say is not asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.status import SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

Pause = Callable[[], Awaitable[object]]


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Visit:
    """One stay in a call; `left_at` is None while it lasts."""

    call_id: str
    who: str
    joined_at: float
    left_at: float | None = None


@dataclass
class Ledger:
    """Every visit of every agent; `closes` counts how often each agent was closed."""

    visits: list[Visit] = field(default_factory=list[Visit])
    closes: dict[str, int] = field(default_factory=dict[str, int])
    made: int = 0

    def joined(self, call_id: str, who: str) -> Visit:
        visit = Visit(call_id, who, now())
        self.visits.append(visit)
        return visit

    def left(self, visit: Visit) -> None:
        if visit.left_at is None:
            visit.left_at = now()

    @contextmanager
    def visit(self, call_id: str, who: str) -> Generator[None]:
        """Be in a call for the length of the block."""
        visit = self.joined(call_id, who)
        try:
            yield
        finally:
            self.left(visit)

    @property
    def present(self) -> list[str]:
        """Who is in a call now, by call."""
        return sorted(visit.call_id for visit in self.visits if visit.left_at is None)

    def most_at_once(self, call_id: str | None = None) -> int:
        """The largest number that ever was in one call, or in all calls together, at the same time."""
        changes: list[tuple[float, int]] = []
        for visit in self.visits:
            if call_id in {None, visit.call_id}:
                changes.append((visit.joined_at, 1))
                if visit.left_at is not None:
                    changes.append((visit.left_at, -1))
        most = there = 0
        for _, change in sorted(changes):  # who leaves at the same time as another joins leaves first
            there += change
            most = max(most, there)
        return most

    @property
    def all_closed_once(self) -> bool:
        """Whether each agent that was made was closed, and once."""
        return len(self.closes) == self.made and set(self.closes.values()) <= {1}


class LedgerConnection(Connection):
    """A leg that carries nothing and keeps the ledger."""

    def __init__(self, ledger: Ledger, call: Call, user: User, closing: Pause | None) -> None:
        self._ledger = ledger
        self._closing = closing
        self._visit = ledger.joined(call.id, user.id or "")
        self.idle_from: float | None = None

    @property
    def participants(self) -> tuple[Participant, ...]:
        return ()

    def send_audio(self, frame: PcmData) -> None: ...

    def flush_audio(self, last: PcmData | None = None) -> None: ...

    async def wait_for_participant(self, timeout: float | None = None) -> None: ...  # noqa: ASYNC109 - the port

    @property
    def idle_since(self) -> float | None:
        return self.idle_from

    async def close(self) -> None:
        if self._closing is not None:
            await self._closing()
        self._ledger.left(self._visit)


class LedgerEdge(EdgeTransport):
    """Joins calls in the ledger only.

    Args:
        ledger: what is kept.
        joining: is awaited before the call is joined.
        closing: is awaited before it is left.
    """

    provider = "ledger"

    def __init__(self, ledger: Ledger, *, joining: Pause | None = None, closing: Pause | None = None) -> None:
        self._ledger = ledger
        self._joining = joining
        self._closing = closing
        self.connections: list[LedgerConnection] = []

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LedgerConnection:
        if self._joining is not None:
            await self._joining()
        connection = LedgerConnection(self._ledger, call, user, self._closing)
        self.connections.append(connection)
        return connection


class LedgerAgent(Agent):
    """Counts how often it is closed."""

    def __init__(self, ledger: Ledger, **parts: Any) -> None:
        parts.setdefault("edge", LedgerEdge(ledger))
        parts.setdefault("tts", ScriptedTTS())
        super().__init__(**parts)
        self._ledger = ledger
        self._key = f"{self.id}"
        ledger.made += 1

    async def close(self) -> None:
        self._ledger.closes[self._key] = self._ledger.closes.get(self._key, 0) + 1
        await super().close()


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    """Be in the call until it ends."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        await agent.finish()


async def joined(session: AgentSession) -> None:
    """Return when the session is in its call, or over."""
    await asyncio.sleep(0.01)  # so that its visit has a length
    while session.status is SessionStatus.STARTING:  # noqa: ASYNC110 - virtual time makes looking free
        await asyncio.sleep(0.01)


async def until(true: Callable[[], object]) -> float:
    """Wait for something; gives how long it took. The deadline only ends a test that has failed."""
    began = now()
    async with asyncio.timeout(1000):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return now() - began


async def never() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


class Stubborn:
    """Does not let itself be cancelled before it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.cancels = 0

    async def __call__(self) -> None:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.cancels += 1
