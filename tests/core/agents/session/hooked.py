"""An agent whose hooks a test gives, and a call with a caller in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.agent import AgentStateChangedEvent
from vision_agents.core.events.event import Event
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.testing import (
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
)
from vision_agents.testing.scripted import Line

Hook: TypeAlias = Callable[[AgentSession], Awaitable[object]]


class Hooked(Agent):
    """Runs what it is given when it enters and exits, and counts both."""

    def __init__(
        self, *lines: Line | str, on_enter: Hook | None = None, on_exit: Hook | None = None, **options: Any
    ) -> None:
        options.setdefault("edge", Edge())
        options.setdefault("llm", ScriptedLLM(lines))
        options.setdefault("tts", ScriptedTTS())
        super().__init__(
            "Be brief.",
            agent_user=User(id="agent"),
            stt=ScriptedSTT(),
            vad=ScriptedVAD(),
            turn_detection=ScriptedTurnDetector(),
            turn_handling=TurnHandling(speculate=False),
            **options,
        )
        self._hooks = on_enter, on_exit
        self.entered = 0
        self.exited = 0
        self.published: list[Event] = []
        self.events.on(Event, self.published.append)

    async def on_enter(self) -> None:
        """Count, then do what was given."""
        self.entered += 1
        await self._run(self._hooks[0])

    async def on_exit(self) -> None:
        """Count, then do what was given."""
        self.exited += 1
        await self._run(self._hooks[1])

    async def _run(self, hook: Hook | None) -> None:
        if hook is not None:
            assert self.session is not None
            await hook(self.session)

    @property
    def states(self) -> list[str]:
        """The agent's states so far."""
        return [e.state.value for e in self.published if isinstance(e, AgentStateChangedEvent)]

    @property
    def loopback(self) -> Edge:
        """The edge."""
        assert isinstance(self.edge, Edge)
        return self.edge

    @property
    def script(self) -> ScriptedLLM:
        """The model."""
        assert isinstance(self.llm, ScriptedLLM)
        return self.llm

    @property
    def said(self) -> list[tuple[str, str]]:
        """What the history says of who said what; ``…`` ends what was cut."""
        assert self.session is not None
        return [(m.role.value, m.text + "…" * m.interrupted) for m in self.session.history.messages]


@asynccontextmanager
async def joined(agent: Hooked) -> AsyncGenerator[tuple[AgentSession, SimulatedCaller]]:
    """Be in a call with a caller."""
    call = await agent.create_call("default", "scene")
    async with SimulatedCaller(agent.loopback) as caller, agent.join(call) as session:
        yield session, caller
