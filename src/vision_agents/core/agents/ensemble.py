"""The parts that make the agent's answers, wired for one dialogue; a swap or a hand-off wires others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vision_agents.core.agents.answerer import Answerer
from vision_agents.core.agents.context_window import ContextKeeper
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.handed_over import HandedOver
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.realtime_link import RealtimeLink
from vision_agents.core.agents.realtime_responder import RealtimeResponder
from vision_agents.core.agents.responder import Responder
from vision_agents.core.agents.speaker import Speaker
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.agents.tool_rounds import ToolRounds
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.events.bus import EventBus
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.llm.realtime import RealtimeSetup
from vision_agents.core.tools.executor import ToolExecutor, ToolLimits
from vision_agents.core.video.frame import VideoFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Who answers: what the model is told of itself, and what it may call."""

    instructions: str
    tools: FunctionRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the parts share with the rest of the dialogue, whoever answers."""

    history: Conversation
    states: StateTracker
    bus: EventBus
    reports: TurnReports
    frames: Callable[[], Sequence[VideoFrame]]
    scope: TaskScope
    deadlines: Deadlines
    handed_over: HandedOver = field(default_factory=HandedOver)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """The wired parts."""

    pipeline: Pipeline
    persona: Persona
    speaker: Speaker | None
    answerer: Answerer | None
    link: RealtimeLink | None = None
    """The connection of a realtime model."""

    @property
    def hears(self) -> bool:
        """Whether a realtime model hears the participants by itself."""
        return self.link is not None and self.pipeline.stt is None


def assemble(pipeline: Pipeline, persona: Persona, around: Surroundings) -> Ensemble:
    """Wire the parts of a pipeline."""
    tts = pipeline.tts
    hooks = pipeline.hooks
    hooks.observe(around.bus)
    speaker = Speaker(tts, events=around.bus, deadlines=around.deadlines, hooks=hooks) if tts else None
    limits = ToolLimits(timeout=around.deadlines.tool)
    executor = ToolExecutor(persona.tools, around.bus.publish, limits, hand_over=around.handed_over.take)
    tools = ToolRounds(
        executor, history=around.history, reports=around.reports, handed_over=around.handed_over
    )
    answerer: Answerer | None = None
    link: RealtimeLink | None = None
    if pipeline.realtime is not None:
        setup = RealtimeSetup(
            instructions=persona.instructions,
            tools=persona.tools.schemas(),
            hears=pipeline.stt is None,
            speaks=speaker is None,
        )
        link = RealtimeLink(pipeline.realtime, setup=setup, history=around.history, scope=around.scope)
        answerer = RealtimeResponder(link, speaker=speaker, tools=tools, deadlines=around.deadlines)
    elif pipeline.llm is not None:
        answerer = Responder(
            llm=pipeline.llm,
            speaker=speaker,
            tools=tools,
            history=around.history,
            frames=around.frames,
            instructions=persona.instructions,
            events=around.bus,
            deadlines=around.deadlines,
            hooks=hooks,
            context=ContextKeeper(
                pipeline.context_window, llm=pipeline.llm, history=around.history, scope=around.scope
            ),
        )
    return Ensemble(pipeline=pipeline, persona=persona, speaker=speaker, answerer=answerer, link=link)
