"""Agents that count what is done to them, and an edge in trouble, for tests of sessions."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge, LoopbackConnection
from vision_agents.core.edge.loopback_room import LoopbackExchange
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.types.people import User
from vision_agents.testing import (
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)


class CountedTTS(ScriptedTTS):
    """Counts how often it was started and closed; both may fail or take long."""

    def __init__(self, *, start: Exception | float = 0.0, close: Exception | float = 0.0) -> None:
        super().__init__()
        self._start, self._close = start, close
        self.started = 0
        self.closed = 0

    async def start(self) -> None:
        """Get ready."""
        self.started += 1
        await _act(self._start)

    async def close(self) -> None:
        """Give back."""
        self.closed += 1
        await _act(self._close)


class CountedLLM(ScriptedLLM):
    """Counts how often it was closed, and tells whether its start was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.start_takes = 0.0
        self.given_up = False
        self.closed = 0

    async def start(self) -> None:
        """Get ready."""
        try:
            await asyncio.sleep(self.start_takes)
        except asyncio.CancelledError:
            self.given_up = True
            raise

    async def close(self) -> None:
        """Give back."""
        self.closed += 1


class TroubledEdge(Edge):
    """Joining takes long, or fails."""

    def __init__(self, join: Exception | float) -> None:
        super().__init__()
        self._join = join
        self.closed = 0

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        """Join, some time."""
        await _act(self._join)
        return await super().join(call, user, listener)

    async def close(self) -> None:
        """Give back."""
        self.closed += 1
        await super().close()


async def _act(what: Exception | float) -> None:
    if isinstance(what, Exception):
        raise what
    await asyncio.sleep(what)


def an_agent(
    edge: Edge | None = None, tts: ScriptedTTS | None = None, deadlines: Deadlines | None = None
) -> Agent:
    return Agent(edge=edge or Edge(), llm=CountedLLM(), tts=tts or CountedTTS(), deadlines=deadlines)


async def a_call(agent: Agent) -> Call:
    return await agent.create_call("default", "scene")


def talking(answer: str, exchange: LoopbackExchange) -> Agent:
    return Agent(
        edge=Edge(exchange),
        llm=ScriptedLLM([Says(text=answer, first_token=0.3)]),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
    )


@asynccontextmanager
async def a_running_session() -> AsyncGenerator[AgentSession]:
    agent = an_agent()
    async with agent.join(await a_call(agent), participant_wait_timeout=0) as session:
        yield session
