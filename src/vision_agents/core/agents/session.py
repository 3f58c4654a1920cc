"""One agent in one call."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vision_agents.core.agents.agent_turns import Policy
from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.host import SessionHost
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.edge.transport import Call, Connection
from vision_agents.core.errors import AgentBusy, SessionClosed, SessionNotStarted
from vision_agents.core.events.bus import EventBus
from vision_agents.core.functions.running import in_tool
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.observability.metrics import AgentMetrics
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus, UserState
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent


class AgentSession:
    """One agent's life in one call: the conversation, how it stands, and why it ended.

    An agent has at most one session. Constructing it again before it has started returns the same object;
    once it has started, `AgentBusy` is raised.

    Args:
        agent: who talks.
        pipeline: the parts; the agent's own where it is left out.
        call_id: the call it is bound to, as far as it is known.
        started_at: when its task began, aware UTC.
        task: the task that runs the call's entry point.
    """

    def __new__(cls, agent: Agent, *_args: Any, **_kwargs: Any) -> AgentSession:
        """Give the agent's session if it has one that may still be configured."""
        session = agent.session
        if session is None:
            return super().__new__(cls)
        if type(session) is not cls or session.started:
            raise AgentBusy(f"Agent {agent.id} has a session already: build a new agent for a new call.")
        return session

    def __init__(
        self,
        agent: Agent,
        pipeline: Pipeline | None = None,
        *,
        call_id: str | None = None,
        started_at: datetime | None = None,
        task: asyncio.Task[Any] | None = None,
    ) -> None:
        if agent.session is not self:
            self._set_up(agent)
        self.pipeline = pipeline or self.pipeline or agent.pipeline
        self.call_id = call_id or self.call_id
        self.started_at = started_at or self.started_at
        self.task = task or self.task

    def _set_up(self, agent: Agent) -> None:
        self.agent = agent
        self.id = agent.id
        self.pipeline: Pipeline | None = None
        self.call_id: str | None = None
        self.started_at: datetime | None = None
        self.task: asyncio.Task[Any] | None = None
        self.history = Conversation()
        self.status = SessionStatus.STARTING
        self.close_reason: CloseReason | None = None
        self.states = StateTracker(agent.events)
        self._host: SessionHost | None = None
        agent.session = self

    @property
    def started(self) -> bool:
        """Whether it has begun to join its call."""
        return self._host is not None

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self.status in {SessionStatus.CLOSED, SessionStatus.FAILED}

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
        return self._host is None or self._host.dialogue is None or self._host.dialogue.settled

    def on_call_for(self) -> Seconds:
        """How long the agent has been in the call; 0.0 before."""
        return self._host.on_call_for() if self._host else 0.0

    def idle_for(self) -> Seconds:
        """How long the agent has been alone in the call; 0.0 before joining and while others are there."""
        return self._host.idle_for() if self._host else 0.0

    async def open(self, call: Call) -> None:
        """Join `call` and begin to talk; returns when the agent is in it, or raises why it is not."""
        if self.started:
            raise AgentBusy(f"Session {self.id} has started already: build a new agent for a new call.")
        if self.finished:
            raise SessionClosed(f"Session {self.id} has ended: build a new agent for a new call.")
        self.call_id = call.id
        self.started_at = self.started_at or datetime.now(UTC)
        self._host = SessionHost(self, call)
        await self._host.start()

    def say(self, text: str, *, policy: Policy = "replace", interruptible: bool = True) -> UtteranceHandle:
        """Speak a fixed text; returns its handle at once, and awaiting the handle waits for the playback.

        `policy` is what it does to speech that is pending: ``"queue"`` waits for it, ``"replace"`` cuts
        it, ``"drop"`` gives way to it. From inside a tool it is spoken before the answer goes on.
        """
        return self._dialogue().turns.say(text, policy=policy, interruptible=interruptible)

    async def reply(
        self,
        instructions: str,
        *,
        wait_for_playback: bool = True,
        policy: Policy = "queue",
        interruptible: bool = True,
    ) -> UtteranceHandle:
        """Let the model answer from the history, with `instructions` that hold for this answer only.

        Waits until it was heard; not so inside a tool, for the answer begins after the tool has returned.
        """
        turns = self._dialogue().turns
        if not instructions.strip():
            return turns.nothing()
        handle = turns.reply(instructions, policy=policy, interruptible=interruptible)
        if wait_for_playback and not in_tool():
            await handle
        return handle

    def begin_user_turn(self) -> None:
        """Open the user's turn (push to talk pressed); the agent falls silent. For manual turn handling."""
        self._dialogue().begin_user_turn()

    def end_user_turn(self) -> None:
        """End the user's turn (push to talk released): what was said is answered."""
        self._dialogue().end_user_turn()

    def interrupt(self, *, force: bool = False) -> None:
        """Cut what the agent says; `force` also cuts what must not be interrupted."""
        self._dialogue().turns.interrupt(force=force)

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

    async def close(self, reason: Reason = Reason.COMPLETED, detail: str = "") -> None:
        """End the session; everybody who calls this waits for the same end, and the first reason counts."""
        if self._host is not None:
            await self._host.close(reason, detail)
        elif not self.finished:
            self.close_reason = CloseReason(reason, detail)
            self.status = SessionStatus.CLOSED

    def _running_host(self) -> SessionHost:
        if self.finished:
            raise SessionClosed(f"Session {self.id} has ended.")
        if self._host is None:
            raise SessionNotStarted(f"Session {self.id} has not started: join a call first.")
        return self._host

    def _dialogue(self) -> Dialogue:
        dialogue = self._running_host().dialogue
        if dialogue is None:
            raise SessionNotStarted(f"Session {self.id} is still joining its call.")
        return dialogue
