"""The host of a session: one task that joins the call, keeps the session's tasks, and ends them in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from vision_agents.core.agents.call_listener import CallListener
from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.entry import Entry
from vision_agents.core.agents.farewell import Farewell
from vision_agents.core.agents.handed_over import Successor
from vision_agents.core.agents.handoff import hand_over
from vision_agents.core.agents.joining import Joining
from vision_agents.core.agents.line import Line
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.aio.callback import call as call_back
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.transport import Call, Connection
from vision_agents.core.errors import (
    EdgeError,
    JoinTimeout,
    SessionClosed,
)
from vision_agents.core.events.agent import AgentJoinedCallEvent, CallInfo, ExceptionEvent
from vision_agents.core.functions.running import in_tool
from vision_agents.core.observability.tracing import SessionTrace, TracedSession, trace_session
from vision_agents.core.turns.silence_ladder import Situation
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent
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
        self.line: Line | None = None
        """While the call is joined."""
        self._session = session
        self._agent = session.agent
        self._deadlines = session.agent.deadlines
        self._loop = asyncio.get_running_loop()
        info = CallInfo(call.id, call.type)
        self._listener = CallListener(
            self._agent.events,
            info,
            wake_ups=session.wake_ups,
            processing=session.processing,
            request_close=self.request_close,
        )
        self._work = TaskScope(f"session:{session.id}")
        self._hooks = TaskScope(f"hooks:{session.id}")
        self._handlers = TaskScope(f"events:{session.id}")
        self._farewell = Farewell(session, info, deadline=self._deadlines.close)
        self._joining = Joining(session, call, self._listener, on_joined=self._on_joined)
        self._options: Mapping[str, Any] = {}
        self._go = Flag()
        self._connected = Flag()
        self._joined = Flag()
        self._entered = Flag()
        self._ending = Flag()
        self._task: asyncio.Task[None] | None = None
        self._entry: Entry | None = None
        self._entering = False
        self._hanging_up = False
        self._error: BaseException | None = None
        self._trace = SessionTrace()

    @property
    def started(self) -> bool:
        """Whether more than the connection was asked for."""
        return self._go.is_set()

    @property
    def connection(self) -> Connection:
        """The joined leg of the call."""
        return self._joining.connection

    def on_call_for(self) -> Seconds:
        """How long the agent has been in the call."""
        joined_at = self._joining.joined_at
        return 0.0 if joined_at is None else self._loop.time() - joined_at

    def idle_for(self) -> Seconds:
        """How long the agent has been alone in the call, beyond what it waits for company."""
        connection, joined_at = self._joining.joined, self._joining.joined_at
        if connection is None or joined_at is None or (since := connection.idle_since) is None:
            return 0.0
        if since <= joined_at:  # nobody has come yet
            since = joined_at + self._agent.company_wait
        return max(0.0, self._loop.time() - since)

    async def connect(self) -> None:
        """Join the call and nothing else, or raise why that cannot be."""
        self._begin()
        await self._reached(self._connected)

    async def start(self, options: Mapping[str, Any]) -> None:
        """Start the parts and join; returns when the agent listens, or raises the original error."""
        self._options = options
        self._go.set()
        self._begin()
        await self._reached(self._joined)

    async def enter(self) -> None:
        """Let the agent enter; returns when it has or the session ends, or raises the original error."""
        entry = self._entry
        if entry is not None and not self._entering and not self._ending.is_set():
            self._entering = True
            if not entry.calls_up and not self._agent.has_on_enter:
                await self._enter(entry)  # a task would only be made to end
                return
            work = self._enter_when_answered(entry) if entry.calls_up else self._enter(entry)
            self._hooks.start(work, name="enter", on_error=self._fail)
            if not entry.calls_up:
                await self._reached(self._entered)

    async def wait_for_participant(self, timeout: Seconds | None) -> None:  # noqa: ASYNC109 - documented
        """Return when somebody else is in the call, or the session ends."""
        try:
            await self.connection.wait_for_participant(timeout)
        except EdgeError:
            if not self._ending.is_set():
                raise

    def request_close(self, reason: Reason, detail: str = "") -> None:
        """Begin to close, without waiting; only the first reason counts."""
        if not self._ending.is_set():
            self._session.close_reason = CloseReason(reason, detail)
            self._ending.set()
            self._joining.give_up()

    async def close(self, reason: Reason, detail: str) -> None:
        """Close and wait for the end; cancelling the caller does not cancel the closing."""
        self.request_close(reason, detail)
        task = asyncio.current_task()
        if self._handlers.holds(task):
            await self._farewell.told.wait()  # the end waits for the event handlers: this one cannot wait
        elif not self._farewell.holds(task):
            await self.wait_closed()

    async def hangup(self, detail: str, *, drain: bool) -> None:
        """End the call for everybody and close; work of the session itself does not wait for that."""
        self._farewell.end_call = detail
        if not self._hanging_up and not self._ending.is_set():
            self._hanging_up = True
            self._hooks.start(self._hang_up(detail, drain=drain), name="hangup")
        scopes = (self._work, self._hooks, self._handlers, self._farewell)
        if in_tool() or any(scope.holds(asyncio.current_task()) for scope in scopes):
            return
        await self.wait_closed()
        if (error := self._farewell.end_error) is not None:
            raise EdgeError("The call could not be ended; the agent has left it.") from error

    async def wait_ending(self) -> None:
        """Return when the closing begins."""
        await self._ending.wait()

    async def wait_closed(self) -> None:
        """Return when everything has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _begin(self) -> None:
        if self._task is None:
            # The session's one root task: everything else is a child of its scopes, and `close` awaits it.
            self._task = self._loop.create_task(self._run(), name=f"session:{self._session.id}")

    async def _reached(self, step: Flag) -> None:
        """Wait for a step of the start; who gives up waiting ends the session."""
        try:
            await step.wait()
        except asyncio.CancelledError:
            await self.close(Reason.REQUESTED, "cancelled while joining")
            raise
        if self._error is not None and self._task is not None:
            await asyncio.wait([self._task])
            raise self._error

    async def _run(self) -> None:
        self._trace = trace_session(self._described, self._loop.time)
        with self._trace.inside():
            await self._live()
        failed = self._error is not None and not isinstance(self._error, SessionClosed)
        self._session.status = SessionStatus.FAILED if failed else SessionStatus.CLOSED
        self._trace.end(self._session.close_reason or CloseReason(Reason.COMPLETED), self._error)

    def _described(self) -> TracedSession:
        return TracedSession(
            session_id=self._session.id,
            call_id=self.call.id,
            call_type=self.call.type,
            providers=self._session.providers,
        )

    async def _live(self) -> None:
        async with self._handlers:
            self._agent.events.bind(session_id=self._session.id, spawn=self._handlers.start)
            try:
                await self._talk()
            except Exception as error:  # noqa: BLE001 - the top of the session's task
                self._fail(error)
            finally:
                for step in (self._connected, self._joined, self._entered):
                    step.set()
                try:
                    await self._farewell.leave(self._joining.joined)
                finally:  # also when it is cut: from here on the scope takes no handlers
                    self._agent.events.bind(session_id=self._session.id, spawn=None)

    def _fail(self, error: Exception) -> None:
        """Keep the first error, and end."""
        self._error = self._error or error
        timed_out = isinstance(error, JoinTimeout)
        self.request_close(Reason.JOIN_TIMEOUT if timed_out else Reason.ERROR, type(error).__name__)

    async def _talk(self) -> None:
        try:
            if not self._go.is_set():
                await self._joining.connect()
                self._connected.set()
                await self._go_or_end()
            if self._go.is_set():
                self._session.states.set_agent(AgentState.STARTING)
                self.dialogue = await self._joining.start(self._options, self._new_dialogue)
                self._take_part()
            await self._ending.wait()
        finally:
            self._entered.set()
            if self.line is not None:
                line, self.line = self.line, None
                await line.close()
            await self._farewell.take_leave(
                self.dialogue,
                work=self._work,
                hooks=self._hooks,
                connection=self._joining.joined,
            )

    def _on_joined(self, at: Seconds) -> None:
        self._trace.joined(at)  # it is made later than what joins

    async def _go_or_end(self) -> None:
        async with TaskScope("connected") as waiting:
            steps = [waiting.start(event.wait(), name="wait") for event in (self._go, self._ending)]
            await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)

    def _take_part(self) -> None:
        """Listen from now on."""
        assert self.dialogue is not None
        self.line = Line(self._session, self.connection, self.dialogue, self._work)
        self._listener.attach(self.dialogue, self._work, self.line)
        self._entry = Entry(self._session, self.connection, listener=self._listener, dialogue=self.dialogue)
        self._session.status = SessionStatus.ACTIVE
        self._agent.events.emit(AgentJoinedCallEvent, call=self._listener.call)
        self.dialogue.prepare()
        self._connected.set()
        self._joined.set()

    def _new_dialogue(self, connection: Connection) -> Dialogue:
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
            wake_ups=session.wake_ups,
            frames=session.processing.frames,
            scope=self._work,
            deadlines=self._deadlines,
            hand_over=self._hand_over,
        )

    async def _hand_over(self, dialogue: Dialogue, successor: Successor) -> None:
        await hand_over(self._session, dialogue, cast("Agent", successor))

    async def _enter_when_answered(self, entry: Entry) -> None:
        try:
            await entry.answered()
        except TimeoutError:
            self.request_close(Reason.NO_ANSWER)
            return
        await self._enter(entry)

    async def _enter(self, entry: Entry) -> None:
        await entry.enter()
        if self._ending.is_set():  # a cancellation that on_enter did not let through
            return
        begin = self._session.wake_ups.begin
        begin(self._situation, wake_up=self._wake_up, give_up=lambda: self.request_close(Reason.USER_SILENT))
        entry.take_part()
        self._entered.set()

    # Silence of the user.

    def _situation(self) -> Situation:
        dialogue = self.dialogue
        assert dialogue is not None
        return Situation(
            at=self._loop.time(),
            agent_busy=not dialogue.quiet.is_set(),
            tool_running=dialogue.turns.tool_running,
            user_speaking=dialogue.hearing_somebody,
            user_present=bool(self.connection.participants),
        )

    def _wake_up(self, attempt: int) -> None:
        callback = self._session.on_wake_up
        if callback is not None and not self._ending.is_set():
            self._hooks.start(call_back(callback, attempt), name="wake up", on_error=self._wake_up_failed)

    def _wake_up_failed(self, error: Exception) -> None:
        logger.error("on_wake_up failed", extra=failure_fields(error))
        self._agent.events.emit(ExceptionEvent, handler="on_wake_up", error=error)

    async def _hang_up(self, detail: str, *, drain: bool) -> None:
        if drain and self.dialogue is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._deadlines.drain):
                    await self.dialogue.quiet.wait()
        self.request_close(Reason.HANGUP, detail)
