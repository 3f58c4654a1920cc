"""One agent in one call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack, cast

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.handoff import change_pipeline
from vision_agents.core.agents.host import SessionHost
from vision_agents.core.agents.job_context import JobContext, get_current_job_context
from vision_agents.core.agents.line import Line
from vision_agents.core.agents.pipeline import Pipeline, Replacements
from vision_agents.core.agents.processing import Processing
from vision_agents.core.agents.session_events import SessionEvents
from vision_agents.core.agents.session_sounds import SessionSounds
from vision_agents.core.agents.session_speech import SessionSpeech
from vision_agents.core.agents.session_telephone import SessionTelephone
from vision_agents.core.agents.session_typing import SessionTyping
from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.agents.voicemail import VoiceMailDetector
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.edge.transport import Call, Connection
from vision_agents.core.errors import AgentBusy, ConfigurationError, SessionClosed, SessionNotStarted
from vision_agents.core.events.bus import EventBus
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.observability.metrics import AgentMetrics
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus, UserState
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent

logger = logging.getLogger("vision_agents.session")


class AgentSession(SessionEvents, SessionSpeech, SessionTyping, SessionSounds, SessionTelephone):
    """One agent's life in one call: the conversation, how it stands, and why it ended.

    An agent has at most one session. Constructing it again before it has started returns the same object,
    configured; once it has started, `AgentBusy` is raised.

    Args:
        agent: who talks.
        pipeline: the parts; the agent's own where it is left out.
        wake_up: seconds of the user's silence before `on_wake_up` is called.
        background_audio: what plays behind the voices.
        dtmf_handler: hears the keys.
        voice_mail_detector: tells a person from a machine.
        call_id: the call it is bound to, as far as it is known.
        started_at: when its task began, aware UTC.
        task: the task that runs the call's entry point.
        turn_handling: how patient and how easily interrupted the agent is; takes the pipeline's place.
    """

    def __new__(cls, agent: Agent, *_args: Any, **_kwargs: Any) -> AgentSession:
        """Give the agent's session if it has one that may still be configured."""
        session = agent.session
        if session is None:
            return super().__new__(cls)
        if type(session) is not cls or session.started:
            raise AgentBusy(f"Agent {agent.id} has a session already: build a new agent for a new call.")
        return session

    def __init__(  # noqa: PLR0917 - documented
        self,
        agent: Agent,
        pipeline: Pipeline | None = None,
        wake_up: Seconds | None = None,
        background_audio: BackgroundAudioHandlerConfig | None = None,
        dtmf_handler: DTMFHandler | None = None,
        voice_mail_detector: VoiceMailDetector | None = None,
        *,
        call_id: str | None = None,
        started_at: datetime | None = None,
        task: asyncio.Task[Any] | None = None,
        turn_handling: TurnHandling | None = None,
    ) -> None:
        if pipeline is not None and not isinstance(cast("object", pipeline), Pipeline):
            raise ConfigurationError(f"pipeline must be a Pipeline, not {type(pipeline).__name__}.")
        if agent.session is not self:
            self._set_up(agent)
        if pipeline is not None:
            agent.use(pipeline)
        if wake_up is not None:
            self.wake_up = wake_up
        self.background_audio_config = background_audio or self.background_audio_config
        self.dtmf_handler = dtmf_handler or self.dtmf_handler
        self.voice_mail_detector = voice_mail_detector or self.voice_mail_detector
        self.turn_handling = turn_handling or self.turn_handling
        self.call_id = call_id or self.call_id
        self.started_at = started_at or self.started_at
        self.task = task or self.task
        if self.job is None and (job := get_current_job_context()) is not None:
            job.adopt(self)

    def _set_up(self, agent: Agent) -> None:
        self.agent = agent
        self.id = agent.id
        self.background_audio_config: BackgroundAudioHandlerConfig | None = None
        self.dtmf_handler: DTMFHandler | None = None
        self.voice_mail_detector: VoiceMailDetector | None = None
        self.turn_handling: TurnHandling | None = None
        self.call_id: str | None = None
        self.started_at: datetime | None = None
        self.task: asyncio.Task[Any] | None = None
        self.job: JobContext | None = None
        self.history = Conversation()
        self.status = SessionStatus.STARTING
        self.close_reason: CloseReason | None = None
        self.states = StateTracker(agent.events)
        self.wake_ups = WakeUpCalls()
        self.entered: Agent | None = None
        """The agent whose `on_enter` was called and whose `on_exit` was not, yet."""
        self.handing_over = asyncio.Lock()
        self.swapping = asyncio.Lock()
        self.processing = Processing(self)
        self._named = []
        self._host: SessionHost | None = None
        agent.session = self

    @property
    def started(self) -> bool:
        """Whether it has begun to start; being connected to the call alone does not count."""
        return self._host is not None and self._host.started

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self.status in {SessionStatus.CLOSED, SessionStatus.FAILED}

    @property
    def state(self) -> SessionStatus:
        """Where it is in its life."""
        return self.status

    @property
    def pipeline(self) -> Pipeline | None:
        """The parts."""
        return self.agent.pipeline

    @property
    def events(self) -> EventBus:
        """The agent's events."""
        return self.agent.events

    @property
    def metrics(self) -> AgentMetrics:
        """The agent's documented numbers; they stay after the end."""
        return self.agent.metrics

    @property
    def providers(self) -> dict[str, ComponentInfo]:
        """Who provides each part at the moment, by slot: ``stt``, ``llm``, ``tts``, ``vad``, ``eou``."""
        return self.pipeline.describe() if self.pipeline else {}

    @property
    def user_state(self) -> UserState:
        """What the human side does."""
        return self.states.user

    @property
    def agent_state(self) -> AgentState:
        """What the agent does."""
        return self.states.agent

    @property
    def call(self) -> Call | None:
        """The call, once it is being joined."""
        return self._host.call if self._host else None

    @property
    def connection(self) -> Connection:
        """The joined leg of the call."""
        return self._running_host().connection

    @property
    def settled(self) -> bool:
        """Whether nobody's turn is under way."""
        dialogue = self._present_dialogue
        return dialogue is None or dialogue.settled

    def on_call_for(self) -> Seconds:
        """How long the agent has been in the call; 0.0 before."""
        return self._host.on_call_for() if self._host else 0.0

    def idle_for(self) -> Seconds:
        """How long the agent has been alone in the call; 0.0 before joining and while others are there."""
        return self._host.idle_for() if self._host else 0.0

    async def start(
        self,
        wait_for_participant: bool = False,  # noqa: FBT001, FBT002 - documented
        run_until_shutdown: bool = False,  # noqa: FBT001, FBT002 - documented
        **kwargs: Any,
    ) -> None:
        """Join the call, start the parts, and let the agent enter.

        Where the agent calls a telephone up, this returns before it is answered; `Agent.on_enter` waits.

        Args:
            wait_for_participant: let the agent enter when somebody is there.
            run_until_shutdown: return when the session has ended; needs a job.
            kwargs: for the pipeline's `start`.
        """
        job = self.job
        if run_until_shutdown and job is not None:
            await job.run_until_shutdown(self, wait_for_participant=wait_for_participant, **kwargs)
            return
        if run_until_shutdown:
            logger.warning("There is no job: start returns when the session has started")
        await self.open(await self._find_call(), **kwargs)
        if wait_for_participant:
            await self.wait_for_participant()
        await self.enter()

    async def connect(self, call: Call) -> None:
        """Join `call` and nothing else: nobody is heard before the session starts."""
        await self._host_of(call).connect()

    async def open(self, call: Call, **options: Any) -> None:
        """Join `call` and listen, or raise why that cannot be; the agent has not entered yet."""
        host = self._host_of(call)
        self.call_id = call.id
        self.started_at = self.started_at or datetime.now(UTC)
        if self.turn_handling is not None and self.pipeline is not None:
            self.pipeline.turns = self.turn_handling
        await host.start(options)

    async def enter(self) -> None:
        """Let the agent enter; returns when `Agent.on_enter` has, or when the session ends first."""
        if self._host is not None:
            await self._host.enter()

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - documented
        """Return when somebody else is in the call, or the session ends; `TimeoutError` after `timeout`."""
        await self._running_host().wait_for_participant(timeout)

    async def change_pipeline(self, pipeline: Pipeline) -> None:
        """Go on with other parts; what is being said is said to its end, and no word of the user is lost."""
        await self._change(lambda _old: pipeline)

    async def change_component(self, **parts: Unpack[Replacements]) -> None:
        """Go on with another `llm`, `stt`, `tts`, `vad` or `turn_detection`; None goes on without."""
        await self._change(lambda old: old.replaced(**parts))

    async def _change(self, change: Callable[[Pipeline], Pipeline]) -> None:
        await change_pipeline(self, self._present_dialogue, change)
        self.processing.look()

    async def wait(self) -> None:
        """Return when the session is over; cancelling the waiter does not end the session.

        An error of the call's entry point is raised here.
        """
        if self.task is not None:
            await asyncio.wait([self.task])
            if not self.task.cancelled() and (error := self.task.exception()) is not None:
                raise error
        elif self._host is not None:
            await self._host.wait_closed()

    async def wait_ending(self) -> None:
        """Return when the session begins to close, whoever closes it."""
        if self._host is not None:
            await self._host.wait_ending()

    def request_close(self, reason: Reason = Reason.COMPLETED, detail: str = "") -> None:
        """Begin to end the session, without waiting; the first reason counts."""
        if self._host is not None:
            self._host.request_close(reason, detail)

    async def close(self, reason: Reason = Reason.COMPLETED, detail: str = "") -> None:
        """End the session; everybody who calls this waits for the same end, and the first reason counts."""
        if self._host is not None:
            await self._host.close(reason, detail)
        elif not self.finished:
            self.close_reason = CloseReason(reason, detail)
            self.status = SessionStatus.CLOSED
            if self.job is not None:
                await self.job.run_shutdown_callbacks()

    async def leave(self) -> None:
        """Leave the call, which goes on for the others, and end the session."""
        await self.close(Reason.LEFT)

    async def hangup(self, reason: str = "manual_hangup", *, drain: bool = True) -> None:
        """End the call for everybody, and then the session.

        With `drain`, what is being said is heard first. Inside a tool, and in other work of the session, it
        returns at once, so that the answer can go on to its goodbye.

        Raises:
            EdgeError: the transport could not end the call; the agent has left it all the same.
        """
        if self._host is None:
            await self.close(Reason.HANGUP, reason)
        else:
            await self._host.hangup(reason, drain=drain)

    async def _find_call(self) -> Call:
        if self._host is not None:
            return self._host.call
        if self.job is not None:
            return await self.job.make_call()
        if self.call_id is None:
            raise ConfigurationError(
                "The session has no call: join one with agent.join(call), or construct it with call_id=."
            )
        return await self.agent.create_call("default", self.call_id)

    def _host_of(self, call: Call) -> SessionHost:
        if self.finished:
            raise SessionClosed(f"Session {self.id} has ended: build a new agent for a new call.")
        if self.started or (self._host is not None and self._host.call != call):
            raise AgentBusy(f"Session {self.id} has started already: build a new agent for a new call.")
        self._host = self._host or SessionHost(self, call)
        return self._host

    def _running_host(self) -> SessionHost:
        if self.finished:
            raise SessionClosed(f"Session {self.id} has ended.")
        if self._host is None:
            raise SessionNotStarted(f"Session {self.id} has not started: join a call first.")
        return self._host

    @property
    def _present_line(self) -> Line | None:
        return self._host.line if self._host else None

    @property
    def _present_dialogue(self) -> Dialogue | None:
        return self._host.dialogue if self._host else None

    def _dialogue(self) -> Dialogue:
        dialogue = self._running_host().dialogue
        if dialogue is None:
            raise SessionNotStarted(f"Session {self.id} is still joining its call.")
        return dialogue
