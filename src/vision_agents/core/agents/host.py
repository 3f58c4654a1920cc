"""The host of a session: one task that joins the call, keeps the session's tasks, and ends them in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from vision_agents.core.agents.call_listener import CallListener
from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.transport import Call, Connection, EdgeTransport
from vision_agents.core.errors import ConfigurationError, JoinTimeout, SessionClosed, SessionNotStarted
from vision_agents.core.events.agent import (
    AgentFinishEvent,
    AgentJoinedCallEvent,
    AgentLeftCallEvent,
    CallInfo,
)
from vision_agents.core.observability.tracing import SessionTrace, TracedSession, trace_session
from vision_agents.core.types.component import Component, overrides
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession

logger = logging.getLogger("vision_agents.host")


class SessionHost:
    """Runs one session from join to close.

    Args:
        session: whose life it is; its status and close reason are set here.
        call: what is joined.
    """

    def __init__(self, session: AgentSession, call: Call) -> None:
        self.call = call
        self.dialogue: Dialogue | None = None
        self._session = session
        self._agent = session.agent
        self._deadlines = session.agent.deadlines
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._joined_at: Seconds | None = None
        self._joined = asyncio.Event()
        self._join_limit: asyncio.Timeout | None = None
        self._gone = asyncio.Event()
        self._handlers: TaskScope | None = None
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._trace = SessionTrace()

    @property
    def connection(self) -> Connection:
        """The joined leg of the call."""
        if self._connection is None:
            raise SessionNotStarted(f"Session {self._session.id} is still joining its call.")
        return self._connection

    def on_call_for(self) -> Seconds:
        """How long the agent has been in the call."""
        return 0.0 if self._joined_at is None else self._loop.time() - self._joined_at

    def idle_for(self) -> Seconds:
        """How long the agent has been alone in the call."""
        if self._connection is None or self._joined_at is None or self._connection.idle_since is None:
            return 0.0
        return self._loop.time() - max(self._connection.idle_since, self._joined_at)

    async def start(self) -> None:
        """Begin to run; returns when the call is joined, or raises the original error."""
        # The session's one root task: everything else is a child of its scopes, and `close` awaits it.
        self._task = self._loop.create_task(self._run(), name=f"session:{self._session.id}")
        try:
            await self._joined.wait()
        except asyncio.CancelledError:
            await self.close(Reason.REQUESTED, "cancelled while joining")
            raise
        if self._error is not None:
            await asyncio.wait([self._task])
            raise self._error

    def request_close(self, reason: Reason, detail: str = "") -> None:
        """Begin to close, without waiting; only the first reason counts."""
        if not self._ending.is_set():
            self._session.close_reason = CloseReason(reason, detail)
            self._ending.set()
            if self._join_limit is not None:
                self._join_limit.reschedule(self._loop.time())

    async def close(self, reason: Reason, detail: str) -> None:
        """Close and wait for the end; cancelling the caller does not cancel the closing."""
        self.request_close(reason, detail)
        if self._handlers is not None and self._handlers.holds(asyncio.current_task()):
            await self._gone.wait()  # the end waits for the event handlers: this one cannot wait for it
        else:
            await self.wait_closed()

    async def wait_ending(self) -> None:
        """Return when the closing begins."""
        await self._ending.wait()

    async def wait_closed(self) -> None:
        """Return when everything has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        call = self.call
        self._trace = trace_session(
            TracedSession(
                session_id=self._session.id,
                call_id=call.id,
                call_type=call.type,
                providers=self._session.providers,
            ),
            self._loop.time,
        )
        with self._trace.inside():
            await self._live()
        self._session.status = SessionStatus.CLOSED if self._error is None else SessionStatus.FAILED
        self._trace.end(self._session.close_reason or CloseReason(Reason.COMPLETED), self._error)

    async def _live(self) -> None:
        async with TaskScope(f"events:{self._session.id}") as handlers:
            self._handlers = handlers
            self._agent.events.bind(session_id=self._session.id, spawn=handlers.start)
            try:
                await self._talk()
            except Exception as error:  # noqa: BLE001 - the top of the session's task
                self._error = error
                timed_out = isinstance(error, JoinTimeout)
                self.request_close(Reason.JOIN_TIMEOUT if timed_out else Reason.ERROR, type(error).__name__)
            finally:
                self._joined.set()
                try:
                    await self._leave()
                finally:  # also when it is cut: from here on the scope takes no handlers
                    self._agent.events.bind(session_id=self._session.id, spawn=None)

    async def _talk(self) -> None:
        work = TaskScope(f"session:{self._session.id}")
        self._session.states.set_agent(AgentState.STARTING)
        listener = CallListener(
            self._agent.events, CallInfo(self.call.id, self.call.type), self.request_close
        )
        try:
            self._connection = await self._join(listener)
            self._joined_at = self._loop.time()
            self._trace.joined(self._joined_at)
            self.dialogue = self._new_dialogue(self._connection, work)
            listener.attach(self.dialogue, work)
            self._session.status = SessionStatus.ACTIVE
            self._session.states.set_agent(AgentState.IDLE)
            self._agent.events.emit(AgentJoinedCallEvent, call=listener.call)
            self.dialogue.prepare()
            self._joined.set()
            await self._ending.wait()
        finally:
            await self._fall_silent(work)

    async def _join(self, listener: CallListener) -> Connection:
        """Start every part at once, then join; the first failure stops the others and is raised."""
        agent, limit = self._agent, self._deadlines.start
        try:
            async with asyncio.timeout(limit) as self._join_limit:
                await self._start_parts()
                await agent.edge.authenticate(agent.agent_user)
                return await agent.edge.join(self.call, agent.agent_user, listener)
        except TimeoutError as error:
            if self._ending.is_set():
                raise SessionClosed(f"Session {self._session.id} was closed while joining.") from error
            if self._join_limit is None or not self._join_limit.expired():
                raise
            raise JoinTimeout(f"The call {self.call.id} was not joined within {limit:g} s.") from error
        finally:
            self._join_limit = None

    async def _start_parts(self) -> None:
        pipeline = self._session.pipeline
        if pipeline is None:
            raise ConfigurationError("The agent has no parts: give it an llm, an stt and a tts.")
        edge = self._agent.edge
        starts = [part.start for part in pipeline.components if overrides(part.start, Component.start)]
        if overrides(edge.start, EdgeTransport.start):
            starts.append(edge.start)
        try:
            async with asyncio.TaskGroup() as group:
                for start in starts:
                    group.create_task(start())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _new_dialogue(self, connection: Connection, work: TaskScope) -> Dialogue:
        session, agent = self._session, self._agent
        assert session.pipeline is not None
        return Dialogue(
            pipeline=session.pipeline,
            instructions=agent.instructions,
            tools=agent.functions,
            connection=connection,
            history=session.history,
            states=session.states,
            bus=agent.events,
            reports=TurnReports(agent.metrics_collector, agent.events, self._trace),
            scope=work,
            deadlines=self._deadlines,
        )

    async def _fall_silent(self, work: TaskScope) -> None:
        """Hear and say nothing more, and end the tasks that did."""
        self._session.status = SessionStatus.CLOSING
        self._session.states.set_agent(AgentState.CLOSING)
        self._deadline = self._loop.time() + self._deadlines.close
        if self.dialogue is not None:
            self.dialogue.stop()
            await self._step(self.dialogue.stop_listening(), "stop listening")
        await self._step(work.close(), "end tasks", before=self._deadlines.close / 2)

    async def _leave(self) -> None:
        """Leave the call, give everything back, and tell how it ended."""
        events, call = self._agent.events, CallInfo(self.call.id, self.call.type)
        if self._connection is not None:
            await self._step(self._connection.close(), "leave the call")
            events.emit(AgentLeftCallEvent, call=call)
        await self._step(self._agent.close_parts(), "close parts")
        reason = self._session.close_reason or CloseReason(Reason.COMPLETED)
        events.emit(AgentFinishEvent, reason=reason.reason, detail=reason.detail)
        self._gone.set()
        await self._step(events.drain(), "event handlers")

    async def _step(self, step: Awaitable[object], name: str, *, before: Seconds = 0.0) -> None:
        """Take one closing step: late or failing, the next ones still run."""
        try:
            async with asyncio.timeout_at(self._deadline - before):
                await step
        except TimeoutError:
            logger.warning("A closing step took too long and was left", extra={"step": name})
        except Exception as error:  # noqa: BLE001 - closing goes on
            logger.warning("A closing step failed", extra={"step": name, "error": type(error).__name__})
