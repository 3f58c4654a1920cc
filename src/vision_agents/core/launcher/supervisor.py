"""One session from its claim to its last resource given back, whatever happens in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, TypeAlias

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.job_context import JobContext
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import OnError, TaskScope
from vision_agents.core.errors import (
    ConfigurationError,
    LauncherDraining,
    LauncherNotRunning,
    RegistryUnavailable,
    SessionClosed,
    SessionLimitExceeded,
    StartTimeout,
)
from vision_agents.core.launcher.ending import PATIENCE, Ending, outwait
from vision_agents.core.launcher.factory import AgentFactory, UserFunction
from vision_agents.core.launcher.presence import Presence
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.observability.metrics import NOTHING_MEASURED
from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

Configure: TypeAlias = Callable[[Agent], Awaitable[None] | None]
"""Changes or refuses an agent that has been made and not used yet."""

SESSION_FAILED = "A session failed"
"""The log record's message; whoever reports the error of `AgentSession.wait` may filter it out."""

STOPPED = "launcher_stopped"
"""The detail of the reason of sessions that `stop` ended."""

_CLEAN_UP: Seconds = 0.5
"""A start that failed is reported when its slot is free again, or after this long."""


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
    """Claims the session, makes the agent, runs the call's entry point, and closes the agent once.

    `run` is the session's task: it ends within the launcher's deadlines, and raises what the session failed
    with. What does not let itself be ended is left behind; `gone` is set when that has ended too.

    Args:
        request: which session.
        factory: makes the agent.
        join_call: the entry point.
        settings: the deadlines; they take the place of the agent's own.
        presence: tells the registry.
        metrics: counts the agent's turns.
        scope: the parent of the session's tasks.
    """

    def __init__(
        self,
        request: SessionRequest,
        *,
        factory: AgentFactory,
        join_call: UserFunction,
        settings: LauncherSettings,
        presence: Presence,
        metrics: NodeMetrics,
        scope: TaskScope,
    ) -> None:
        self.request = request
        self.session: AgentSession | None = None
        self.closing = False
        self.claimed = False
        self.left_behind = False
        self._factory = factory
        self._join_call = join_call
        self._settings = settings
        self._presence = presence
        self._metrics = metrics
        self._collector: MetricsCollector | None = None
        self._scope = scope
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._entered: asyncio.Future[None] = self._loop.create_future()
        self._ending: asyncio.Future[None] = self._loop.create_future()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._claiming = False
        self.in_call = False
        self._reason: CloseReason | None = None
        self._error: Exception | None = None
        self._final: SessionStatus | None = None
        self.task = scope.start(self._run(), name=request.session_id, on_error=_keep_in_task)
        self.task.add_done_callback(_look_at_error)

    @property
    def status(self) -> SessionStatus:
        """Where the session is in its life."""
        if self._final is not None:
            return self._final
        if self.closing or (self.session is not None and self.session.finished):
            return SessionStatus.CLOSING
        return self.session.status if self.session else SessionStatus.STARTING

    @property
    def age(self) -> Seconds:
        """How long ago the session was asked for."""
        return self._loop.time() - self._began

    @property
    def names(self) -> dict[str, str]:
        """What a log record of this session carries."""
        return {"session_id": self.request.session_id, "call_id": self.request.call_id}

    def describe(self) -> SessionInfo:
        """Tell everybody how the session stands."""
        told = (self.session.close_reason if self.session else None) or self._reason
        return SessionInfo(
            session_id=self.request.session_id,
            call_id=self.request.call_id,
            call_type=self.request.call_type,
            node_id=self._presence.node_id,
            started_at=self.request.started_at.timestamp(),
            status=self.status,
            reason=told.reason if told else None,
            detail=told.detail if told else "",
            metrics=self._measured(),
            metrics_updated_at=datetime.now(UTC).timestamp(),
        )

    def _measured(self) -> Mapping[str, int | float | None]:
        """Give the agent's numbers; one whose numbers cannot be had is told of like the others."""
        if self._collector is None:
            return NOTHING_MEASURED
        try:
            return self._collector.numbers()
        except Exception as error:  # noqa: BLE001 - an agent's class may be the user's own
            self._collector = None  # told once
            logger.error(
                "The metrics of a session cannot be had", extra={**self.names, **failure_fields(error)}
            )
            return NOTHING_MEASURED

    async def entered(self) -> AgentSession:
        """Return when the entry point has begun, or raise why it never will."""
        await asyncio.wait([self._entered])
        if self.in_call and self.session is not None:
            return self.session
        await asyncio.wait([self.task], timeout=_CLEAN_UP)
        raise self._error or self._interruption()

    async def ended(self) -> None:
        """Return when the session has ended or was left behind; cancelling the waiter changes nothing."""
        await asyncio.wait([self.task])

    def close(self, reason: Reason, detail: str = "") -> bool:
        """Begin to close, without waiting; tells whether it was not closing already."""
        if self.closing:
            return False
        self._settle_reason(reason, detail)
        self._end()
        return True

    def _cancelled(self) -> None:
        """Somebody cancelled the session's task: that closes the session."""
        self.close(Reason.REQUESTED, "cancelled")

    def _end(self) -> None:
        self.closing = True
        for future in (self._entered, self._ending):
            if not future.done():
                future.set_result(None)

    async def _run(self) -> None:
        self._work = self._start(self._live(), "work")
        limit = self._loop.call_later(self._settings.start_timeout, self._give_up_start)
        self._entered.add_done_callback(lambda _: limit.cancel())
        await outwait({self._ending}, on_cancelled=self._cancelled)
        ending = Ending(self._work, lambda: self.session, start=self._start, on_cancelled=self._cancelled)
        left = await ending.run(
            self._settle_reason(Reason.COMPLETED),
            limit=self._settings.close_timeout,
            # The answer to a claim is waited for: a slot that nobody knows of is given back by nobody.
            cancel_at_once=not self._claiming,
        )
        if left:
            self.left_behind = True
            if self.session is not None:
                self.session.status = SessionStatus.CLOSING
            logger.error("A session did not end in time and was left behind", extra=self.names)
            self._start(self._bury(left), "remains")
        else:
            await self._conclude()
        if self._error is not None:
            raise self._error

    async def _live(self) -> None:
        """Do what may fail or never end: everything of the user's."""
        try:
            await self._prepare()
            if not self.closing:  # create_agent may not have let itself be cancelled
                await self._enter()
        except asyncio.CancelledError:
            self._settle_reason(Reason.REQUESTED, "cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - the top of the session's work
            self._fail(error)
        finally:
            self._end()

    async def _prepare(self) -> None:
        """Claim the slot, then make the agent ready for the entry point."""
        await self._claim()
        if self.closing:
            return
        agent = await self._factory.make(self.request.keywords)
        self._adopt(agent)
        if self.closing:
            return
        await self._factory.warm(agent)
        configured = self.request.configure(agent) if self.request.configure else None
        if isawaitable(configured):
            await configured

    async def _claim(self) -> None:
        self._claiming = True
        try:
            await self._presence.claim(self.describe())
            self.claimed = True
        finally:
            self._claiming = False

    def _adopt(self, agent: Agent) -> None:
        request, settings = self.request, self._settings
        agent.id = request.session_id
        agent.call_id_pattern = settings.call_id_pattern
        agent.deadlines = replace(
            agent.deadlines, start=settings.start_timeout, close=settings.close_timeout * PATIENCE
        )
        agent.set_video_track_override_path(request.video_track_override_path)
        self._collector = agent.metrics_collector
        agent.metrics_collector.add_reader(self._metrics.turns)
        session = agent.session or AgentSession(agent)
        session.id = request.session_id
        session.call_id = request.call_id
        session.started_at = request.started_at
        session.task = self.task
        self.session = session

    async def _enter(self) -> None:
        request, session = self.request, self.session
        assert session is not None
        self.in_call = True
        self._entered.set_result(None)
        job = JobContext(call_type=request.call_type, call_id=request.call_id, session=session, launched=True)
        with job.current():
            call: Any = self._join_call.call(
                session.agent, request.call_type, request.call_id, keywords=request.keywords
            )
            if not isawaitable(call):
                raise ConfigurationError("join_call must be an async function.")
            await call

    def _give_up_start(self) -> None:
        if not self.closing:
            limit = self._settings.start_timeout
            self._fail(
                StartTimeout(
                    f"Session {self.request.session_id}: the agent was not built within {limit:g} s."
                )
            )
            self._end()

    async def _bury(self, left: set[asyncio.Future[None]]) -> None:
        await asyncio.wait(left)
        logger.info("A session that was left behind has ended", extra=self.names)
        await self._conclude()

    async def _conclude(self) -> None:
        """Everything has ended: tell so, and give the slot back."""
        failed = self._error is not None
        if self.session is not None:
            failed = failed or self.session.status is SessionStatus.FAILED
            self.session.status = SessionStatus.FAILED if failed else SessionStatus.CLOSED
        self._final = SessionStatus.FAILED if failed else SessionStatus.CLOSED
        if self.claimed:
            self.claimed = False  # no heartbeat tells of it any more
            release = self._start(self._presence.release(self.describe()), "release")
            await outwait({release}, on_cancelled=self._cancelled)
        self.gone.set_result(None)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self._scope.start(work, name=f"{name}:{self.request.session_id}", on_error=self._warn(name))

    def _warn(self, step: str) -> OnError:
        def warn(error: Exception) -> None:
            logger.warning(
                "A closing step of a session failed",
                extra={**self.names, "step": step, **failure_fields(error)},
            )

        return warn

    def _fail(self, error: Exception) -> None:
        """Keep the first error, and tell it once; a start that was refused is not a failure."""
        if self._error is not None:
            return
        self._error = error
        timed_out = isinstance(error, StartTimeout)
        self._settle_reason(Reason.START_TIMEOUT if timed_out else Reason.ERROR, type(error).__name__)
        if not isinstance(error, SessionLimitExceeded | RegistryUnavailable):
            logger.error(SESSION_FAILED, extra={**self.names, **failure_fields(error)})

    def _settle_reason(self, reason: Reason, detail: str = "") -> CloseReason:
        """Set why the session ends; the first reason counts."""
        self._reason = self._reason or CloseReason(reason, detail)
        return self._reason

    def _interruption(self) -> Exception:
        """Why a session was closed before its entry point had begun."""
        text = f"Session {self.request.session_id} was closed before it had started"
        if self._reason is not None and self._reason.reason is Reason.DRAINED:
            return LauncherDraining(f"{text}: the launcher is draining.")
        if self._reason == CloseReason(Reason.REQUESTED, STOPPED):
            return LauncherNotRunning(f"{text}: the launcher was stopped.")
        return SessionClosed(f"{text}.")


def _keep_in_task(error: Exception) -> None:
    """Let the task end with its error: `AgentSession.wait` raises it."""
    raise error


def _look_at_error(task: asyncio.Task[None]) -> None:
    """The error has been told; asyncio need not say that nobody looked at it."""
    if not task.cancelled():
        task.exception()
