"""One session from its agent's making to its last resource given back, whatever happens in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, TypeAlias

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError, LauncherNotRunning, StartTimeout
from vision_agents.core.launcher.factory import AgentFactory, UserFunction
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

Configure: TypeAlias = Callable[[Agent], Awaitable[None] | None]
"""Changes or refuses an agent that has been made and not used yet."""

SESSION_FAILED = "A session failed"
"""The log record's message; whoever reports the error of `AgentSession.wait` may filter it out."""

_GRACE: Seconds = 0.5
"""The agent's own closing has the same deadline as the launcher's, and time to tell how it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """What `start_session` was asked for."""

    call_id: str
    call_type: str
    video_track_override_path: str | None = None
    configure: Configure | None = None
    keywords: Mapping[str, object] = field(default_factory=dict[str, object])
    session_id: str = field(default_factory=new_id)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class SessionSupervisor:
    """Makes the agent, runs the call's entry point, and closes the agent once.

    `run` is the session's task. It ends within the launcher's deadlines after the entry point has ended or
    `close` was called, and raises what the entry point raised.

    Args:
        request: which session.
        factory: makes the agent.
        join_call: the entry point.
        settings: the deadlines; they take the place of the agent's own.
    """

    def __init__(
        self,
        request: SessionRequest,
        *,
        factory: AgentFactory,
        join_call: UserFunction,
        settings: LauncherSettings,
    ) -> None:
        self.request = request
        self.session: AgentSession | None = None
        self.closing = False
        self._factory = factory
        self._join_call = join_call
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._scope = TaskScope(f"supervisor:{request.session_id}")
        self._task: asyncio.Task[None] | None = None
        self._entry: asyncio.Task[None] | None = None
        self._entered: asyncio.Future[AgentSession] = self._loop.create_future()
        self._ending = asyncio.Event()
        self._reason: CloseReason | None = None
        self._error: Exception | None = None

    @property
    def status(self) -> SessionStatus:
        """Where the session is in its life."""
        if self.closing:
            return SessionStatus.CLOSING
        return self.session.status if self.session else SessionStatus.STARTING

    @property
    def age(self) -> Seconds:
        """How long ago the session was asked for."""
        return self._loop.time() - self._began

    def watch(self, task: asyncio.Task[None]) -> None:
        """Take the task that does `run`."""
        self._task = task
        task.add_done_callback(self._on_end)

    async def entered(self) -> AgentSession:
        """Return when the entry point has begun, or raise why it never will."""
        return await self._entered

    async def ended(self) -> None:
        """Return when the session has ended; cancelling the waiter does not end it."""
        assert self._task is not None
        await asyncio.wait([self._task])

    def close(self, reason: Reason, detail: str = "") -> bool:
        """Begin to close, without waiting; tells whether it was not closing already."""
        if self.closing:
            return False
        self.closing = True
        self._settle_reason(reason, detail)
        self._ending.set()
        if self._entry is None and self._task is not None:
            self._task.cancel()  # still making the agent
        return True

    async def run(self) -> None:
        """Live the whole session."""
        try:
            await self._prepare()
            if not self.closing:  # create_agent may not have let itself be cancelled
                self._entry = self._scope.start(self._enter(), name="entry")
                await self._ending.wait()
        except Exception as error:  # noqa: BLE001 - the top of the session's task
            self._note(error)
        finally:
            self.closing = True
            if self.session is not None:
                await self._end(self.session)
        if self._error is not None:
            raise self._error

    async def _prepare(self) -> None:
        """Make the agent and its session ready for the entry point."""
        limit = self._settings.start_timeout
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                agent = await self._factory.make(self.request.keywords)
                self.session = self._adopt(agent)
                configured = self.request.configure(agent) if self.request.configure else None
                if isawaitable(configured):
                    await configured
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise StartTimeout(
                f"Session {self.request.session_id}: the agent was not built within {limit:g} s."
            ) from error

    def _adopt(self, agent: Agent) -> AgentSession:
        request, settings = self.request, self._settings
        agent.id = request.session_id
        agent.deadlines = replace(agent.deadlines, start=settings.start_timeout, close=settings.close_timeout)
        agent.set_video_track_override_path(request.video_track_override_path)
        session = agent.session or AgentSession(agent)
        session.id = request.session_id
        session.call_id = request.call_id
        session.started_at = request.started_at
        session.task = self._task
        return session

    async def _enter(self) -> None:
        request, session = self.request, self.session
        assert session is not None
        if not self._entered.done():
            self._entered.set_result(session)
        try:
            call: Any = self._join_call.call(
                session.agent, request.call_type, request.call_id, keywords=request.keywords
            )
            if not isawaitable(call):
                raise ConfigurationError("join_call must be an async function.")  # noqa: TRY301
            await call
        except Exception as error:
            self._note(error)
            logger.exception(SESSION_FAILED, extra=self._names)
        finally:
            self._ending.set()

    async def _end(self, session: AgentSession) -> None:
        """End everything, in bounded time; being cancelled meanwhile changes nothing."""
        self._settle_reason(*((Reason.REQUESTED, "cancelled") if self._was_cut else (Reason.COMPLETED, "")))
        ending = self._scope.start(self._close_all(session), name="end")
        while not ending.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([ending])

    @property
    def _was_cut(self) -> bool:
        return not self._ending.is_set() and self._error is None

    async def _close_all(self, session: AgentSession) -> None:
        # Started first, so that its reason counts when the entry point's own closing follows.
        steps = [self._scope.start(self._close_agent(session), name="close")]
        if self._entry is not None:
            self._entry.cancel()
            steps.append(self._entry)
        _, late = await asyncio.wait(steps, timeout=self._settings.close_timeout + _GRACE)
        if late:
            logger.error("A session did not end in time and was left behind", extra=self._names)
        session.status = SessionStatus.CLOSED if self._error is None else SessionStatus.FAILED

    async def _close_agent(self, session: AgentSession) -> None:
        assert self._reason is not None
        try:
            await session.close(self._reason.reason, self._reason.detail)
        finally:
            await session.agent.close()

    def _note(self, error: Exception) -> None:
        self._error = self._error or error
        timed_out = isinstance(error, StartTimeout)
        self._settle_reason(Reason.START_TIMEOUT if timed_out else Reason.ERROR, type(error).__name__)

    def _settle_reason(self, reason: Reason, detail: str) -> None:
        """Set why the session ends; the first reason counts."""
        self._reason = self._reason or CloseReason(reason, detail)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._entered.done():
            return
        cut = LauncherNotRunning(f"Session {self.request.session_id} was closed before it had started.")
        self._entered.set_exception(error or cut)

    @property
    def _names(self) -> dict[str, str]:
        return {"session_id": self.request.session_id, "call_id": self.request.call_id}
