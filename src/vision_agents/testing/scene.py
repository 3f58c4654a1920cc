"""A whole call in one line: a scripted agent, a simulated caller, and everything a test looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.event import Event
from vision_agents.core.history.messages import Message
from vision_agents.core.processors.processor import Processor
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.core.types.units import Seconds
from vision_agents.testing.caller import SimulatedCaller
from vision_agents.testing.scripted import (
    Line,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)
from vision_agents.testing.scripted_realtime import ScriptedRealtime

EventT = TypeVar("EventT", bound=Event)


@dataclass
class CallScene:
    """A call in progress."""

    agent: Agent
    session: AgentSession
    caller: SimulatedCaller
    events: list[Event] = field(default_factory=list[Event], kw_only=True)
    """Everything the agent published, oldest first."""

    def of(self, kind: type[EventT]) -> list[EventT]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def said(self) -> list[tuple[str, str]]:
        """What the history says of who said what; ``…`` ends what was cut."""
        messages = [item for item in self.session.history if isinstance(item, Message)]
        return [(message.role.value, message.text + "…" * message.interrupted) for message in messages]

    async def settles(self, *, within: Seconds = 120.0) -> None:
        """Return when nobody's turn has been under way for half a second; `TimeoutError` otherwise."""
        quiet = 0
        async with asyncio.timeout(within):
            while quiet < 10:
                await asyncio.sleep(0.05)
                quiet = quiet + 1 if self.session.settled else 0


@dataclass
class ScriptedCall(CallScene):
    """A call with an agent of scripted parts."""

    llm: ScriptedLLM
    tts: ScriptedTTS


@dataclass
class RealtimeCall(CallScene):
    """A call with an agent that hears or speaks through a scripted realtime model."""

    model: ScriptedRealtime


@asynccontextmanager
async def scripted_call(
    *lines: Line | str,
    tts: ScriptedTTS | None = None,
    stt: ScriptedSTT | None = None,
    detector: ScriptedTurnDetector | None = None,
    turn_handling: TurnHandling | None = None,
    deadlines: Deadlines | None = None,
    tools: Sequence[Callable[..., object]] = (),
    processors: Sequence[Processor] = (),
) -> AsyncGenerator[ScriptedCall]:
    """Join a call with a caller in it; at the end the model's script must have been followed to its end.

    Without `turn_handling` the agent does not speculate, so that each line of the script is asked for once.
    """
    llm, voice, edge = ScriptedLLM(lines), tts or ScriptedTTS(), Edge()
    agent = Agent(
        "Be brief.",
        edge=edge,
        agent_user=User(id="agent"),
        llm=llm,
        stt=stt or ScriptedSTT(),
        tts=voice,
        vad=ScriptedVAD(),
        turn_detection=detector or ScriptedTurnDetector(),
        turn_handling=turn_handling or TurnHandling(speculate=False),
        deadlines=deadlines,
        tools=tools,
        processors=processors,
    )
    events: list[Event] = []
    agent.events.on(Event, events.append)
    call = await agent.create_call("default", "scene")
    async with SimulatedCaller(edge) as caller, agent.join(call) as session:
        yield ScriptedCall(agent, session, caller, llm, voice, events=events)
    llm.assert_done()


@asynccontextmanager
async def realtime_call(
    model: ScriptedRealtime,
    *,
    stt: ScriptedSTT | None = None,
    tts: ScriptedTTS | None = None,
    deadlines: Deadlines | None = None,
    tools: Sequence[Callable[..., object]] = (),
    prepare: Callable[[Agent], object] = lambda _agent: None,
) -> AsyncGenerator[RealtimeCall]:
    """Join a call with a realtime model; an `stt` hears for it, a `tts` speaks for it.

    `prepare` gets the agent before it joins. At the end the model's script must have been followed.
    """
    edge = Edge()
    agent = Agent(
        "Be brief.",
        edge=edge,
        agent_user=User(id="agent"),
        llm=model,
        stt=stt,
        tts=tts,
        vad=ScriptedVAD() if stt else None,
        turn_detection=ScriptedTurnDetector() if stt else None,
        deadlines=deadlines,
        tools=tools,
    )
    events: list[Event] = []
    agent.events.on(Event, events.append)
    prepare(agent)
    call = await agent.create_call("default", "scene")
    async with SimulatedCaller(edge) as caller, agent.join(call) as session:
        yield RealtimeCall(agent, session, caller, model, events=events)
    model.assert_done()
