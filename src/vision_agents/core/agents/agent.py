"""An agent: who it is, and what it is made of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from vision_agents.core.agents.agent_processors import AgentProcessors
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.session_sounds import AgentSounds
from vision_agents.core.agents.team import Team
from vision_agents.core.edge.transport import Call, EdgeTransport
from vision_agents.core.errors import AgentBusy, ConfigurationError, SessionClosed, SessionNotStarted
from vision_agents.core.events.bus import EventBus, HandlerT
from vision_agents.core.functions.function_tool import marked_methods
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.llm.llm import LanguageModel
from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.observability.metrics import AgentMetrics
from vision_agents.core.processors.processor import Processor
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.stt.stt import STT
from vision_agents.core.tools.mcp import MCPServer, adopt_tools
from vision_agents.core.tts.tts import TTS
from vision_agents.core.turn_detection.turn_detector import TurnDetector
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.component import overrides
from vision_agents.core.types.ids import new_id, parse_call_id, parse_call_type
from vision_agents.core.types.people import User
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds
from vision_agents.core.vad.vad import VAD
from vision_agents.core.video.window import VisionSettings


class Part(Protocol):
    """Something that is closed after the call."""

    async def close(self) -> None:
        """Give back what it holds."""


logger = logging.getLogger("vision_agents.agent")

_DEADLINES = Deadlines()
_VISION = VisionSettings()
_DEFAULT_INSTRUCTIONS = "You are a helpful voice assistant. Answer in one or two short sentences."


class Agent(AgentSounds, AgentProcessors):
    """Joins one call, listens, thinks, uses tools, and speaks.

    Args:
        instructions: the persona, as the model is told it.
        edge: the transport that carries the call.
        agent_user: who the agent is in the call; an empty id is filled in.
        llm: answers; a `Realtime` model also hears and speaks.
        stt: hears.
        tts: speaks.
        vad: tells speech from silence.
        turn_detection: hears whether a turn sounds finished.
        pipeline: the parts as one, instead of the five above.
        tools: functions the model may call, beside those registered on ``agent.llm``.
        turn_handling: how patient and how easily interrupted the agent is.
        deadlines: how long the session waits for its parts.
        mcp_servers: servers whose tools the model may call, too.
        agent_id: a label of your own; the session's id is `id`.
        inherit_context: after a hand-off the model is told what was said before.
        processors: work on pictures and sound beside the conversation; one that fails is left out.
        vision: what a model that sees is shown with each answer.
    """

    def __init__(
        self,
        instructions: str = _DEFAULT_INSTRUCTIONS,
        *,
        edge: EdgeTransport | None = None,
        agent_user: User | None = None,
        llm: LanguageModel | None = None,
        stt: STT | None = None,
        tts: TTS | None = None,
        vad: VAD | None = None,
        turn_detection: TurnDetector | None = None,
        pipeline: Pipeline | None = None,
        tools: Sequence[Callable[..., object]] = (),
        turn_handling: TurnHandling | None = None,
        deadlines: Deadlines | None = None,
        mcp_servers: Sequence[MCPServer] = (),
        agent_id: str | None = None,
        inherit_context: bool = False,
        processors: Sequence[Processor] = (),
        vision: VisionSettings | None = None,
    ) -> None:
        parts = (llm, stt, tts, vad, turn_detection, turn_handling)
        if pipeline is not None and any(part is not None for part in parts):
            raise TypeError("Give the agent either a pipeline or its parts, not both.")
        if pipeline is None and any(part is not None for part in (llm, stt, tts)):
            pipeline = Pipeline(
                llm=llm, stt=stt, tts=tts, vad=vad, turn_detection=turn_detection, turns=turn_handling
            )
        self.id = new_id()
        self.agent_id = agent_id
        self.inherit_context = inherit_context
        self.instructions = instructions
        self.processors = tuple(processors)
        self.vision = vision or _VISION
        self.agent_user = agent_user or User(name="Agent")
        self.agent_user.id = self.agent_user.id or f"agent-{self.id}"
        self.pipeline = pipeline
        self.deadlines = deadlines or _DEADLINES
        self.events = EventBus()
        self.metrics_collector = MetricsCollector()
        self.mcp_servers = tuple(mcp_servers)
        self.functions = pipeline.model.functions if pipeline and pipeline.model else FunctionRegistry()
        for tool in (*tools, *marked_methods(self)):
            self.functions.add(tool)
        self.session: AgentSession | None = None
        self.call_id_pattern: str | None = None
        self.company_wait: Seconds = 0.0
        """How long it is no idleness that nobody has come; longer where somebody opens a page first."""
        self._edge = edge
        self._team = Team(self)
        self._closed = False

    async def on_enter(self) -> None:
        """Called once when the agent takes part; the place to greet. Yours to override."""

    async def on_exit(self) -> None:
        """Called once when the session ends, if `on_enter` was called; the place to say goodbye.

        What is said here is heard in full, within the close deadline; it is skipped where nobody is left.
        """

    @property
    def has_on_enter(self) -> bool:
        """Whether `on_enter` does anything."""
        return overrides(self.on_enter, Agent.on_enter)

    @property
    def has_on_exit(self) -> bool:
        """Whether `on_exit` does anything."""
        return overrides(self.on_exit, Agent.on_exit)

    @property
    def edge(self) -> EdgeTransport:
        """The transport."""
        if self._edge is None:
            raise ConfigurationError("The agent has no edge: pass edge= to join calls.")
        return self._edge

    @edge.setter
    def edge(self, edge: EdgeTransport) -> None:
        if self.session is not None and self.session.started:
            raise ConfigurationError("The edge of an agent that is in a call cannot be changed.")
        self._edge = edge

    @property
    def llm(self) -> LanguageModel:
        """The model that answers, text or speech."""
        if self.pipeline is None or self.pipeline.model is None:
            raise ConfigurationError("The agent has no llm: pass llm= to think and to use tools.")
        return self.pipeline.model

    @property
    def metrics(self) -> AgentMetrics:
        """The documented numbers, as they stand now."""
        return self.metrics_collector.metrics

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def subscribe(self, handler: HandlerT) -> HandlerT:
        """Call `handler` for the events that its first parameter's type hint names."""
        return self.events.subscribe(handler)

    def use(self, pipeline: Pipeline) -> None:
        """Let a pipeline be the agent's; the tools of both are the agent's tools."""
        if pipeline is self.pipeline:
            return
        self.pipeline = pipeline
        if pipeline.model is not None:
            self.functions.adopt(pipeline.model.functions)
            pipeline.model.functions = self.functions

    async def initialize_mcp(self) -> None:
        """Offer the tools of the servers; one that is broken is told of and left out."""
        if self.mcp_servers:
            await adopt_tools(self.mcp_servers, self.functions, self.events)

    async def create_call(self, call_type: str, call_id: str) -> Call:
        """Make the call, or find it if it exists."""
        allowed = parse_call_id(call_id, pattern=self.call_id_pattern)
        return await self.edge.create_call(parse_call_type(call_type), allowed)

    @asynccontextmanager
    async def join(
        self, call: Call, participant_wait_timeout: Seconds | None = 10.0
    ) -> AsyncGenerator[AgentSession]:
        """Be in the call for the length of the block.

        Waits up to `participant_wait_timeout` seconds for somebody else to be there (0: not at all, None:
        for ever); the agent listens meanwhile. Leaving the block closes the agent.
        """
        session = self.session or AgentSession(self)
        if session.started and not session.finished:
            raise AgentBusy(f"Agent {self.id} is in a call already: build a new agent for a new call.")
        if self._closed:
            raise SessionClosed(f"Agent {self.id} has been closed: build a new agent for a new call.")
        try:
            await session.open(call)
            await self._wait_for_participant(session, participant_wait_timeout)
            await session.enter()
            yield session
        except asyncio.CancelledError:
            await session.close(Reason.REQUESTED)
            raise
        except BaseException as error:
            await session.close(Reason.ERROR, type(error).__name__)
            raise
        finally:
            await self.ensure_closed()

    async def finish(self) -> None:
        """Return when the call has ended; at once where there is none."""
        if self.session is not None:
            await self.session.wait_ending()

    async def simple_response(self, text: str) -> UtteranceHandle:
        """Let the model answer with `text` as instructions for this answer; cuts what is being said."""
        return await self._started_session().reply(text, wait_for_playback=False, policy="replace")

    async def say(self, text: str) -> UtteranceHandle:
        """Speak `text` after what is being said."""
        return self._started_session().say(text, policy="queue")

    def idle_for(self) -> Seconds:
        """How long the agent has been alone in the call."""
        return self.session.idle_for() if self.session else 0.0

    def on_call_for(self) -> Seconds:
        """How long the agent has been in the call."""
        return self.session.on_call_for() if self.session else 0.0

    async def close(self) -> None:
        """Leave the call and give everything back; may be called more than once, and waits for the end."""
        self._closed = True
        if self.session is not None:
            await self.session.close()
        await self.close_parts()

    async def ensure_closed(self) -> None:
        """Call `close`, unless it was called already: then wait for its end. An override runs once."""
        if self._closed:
            await Agent.close(self)
        else:
            self._closed = True
            await self.close()

    async def close_parts(self) -> None:
        """Close the edge and every component of every agent of the call, once; whoever calls waits."""
        await self._team.close()

    @property
    def parts(self) -> list[Part]:
        """What is to be closed after the call."""
        components = self.pipeline.components if self.pipeline else ()
        return [*components, *self.processors, *self.mcp_servers, *([self._edge] if self._edge else ())]

    def succeed(self, other: Agent) -> Pipeline | None:
        """Take over another agent's call: its edge, events and numbers, and its parts where it has none.

        Gives the pipeline that is still to be started, None where it is in use already.
        """
        known = self in other.team
        other.team.join(self)
        self._team = other.team
        self._edge = other.edge
        self.agent_user = other.agent_user
        if self.events is not other.events:
            other.events.adopt(self.events)
        self.events, self.metrics_collector = other.events, other.metrics_collector
        self.processors = self.processors or other.processors
        if self.pipeline is None:
            self.pipeline = other.pipeline
            return None
        return None if known or self.pipeline is other.pipeline else self.pipeline

    @property
    def team(self) -> Team:
        """The agents of the call so far."""
        return self._team

    async def _wait_for_participant(self, session: AgentSession, timeout: Seconds | None) -> None:  # noqa: ASYNC109
        if timeout == 0:
            return
        longest = None if timeout is None else max(timeout, self.company_wait)
        try:
            await session.connection.wait_for_participant(longest)
        except TimeoutError:
            logger.info("Nobody else is in the call yet", extra={"session_id": session.id})

    def _started_session(self) -> AgentSession:
        if self.session is None:
            raise SessionNotStarted("The agent is in no call: join one first.")
        return self.session
