"""The launcher: admits, builds, supervises and ends sessions on this node."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from types import TracebackType
from typing import TypeAlias

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import (
    ConfigurationError,
    LauncherDraining,
    LauncherNotRunning,
)
from vision_agents.core.launcher.directory import SessionDirectory
from vision_agents.core.launcher.factory import AgentFactory, UserFunction
from vision_agents.core.launcher.maintenance import Maintenance
from vision_agents.core.launcher.presence import Presence
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.launcher.roster import Roster
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.launcher.supervisor import STOPPED, Configure, SessionRequest
from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.types.ids import new_id, parse_call_id, parse_call_type
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

_FAREWELL: Seconds = 2.0
"""`stop` waits for the registry no longer than this."""

CreateAgent: TypeAlias = Callable[..., Agent | Awaitable[Agent]]
JoinCall: TypeAlias = Callable[..., Awaitable[object]]


class AgentLauncher:
    """Starts agents for calls and looks after them; ``async with launcher:`` starts and stops it.

    Args:
        create_agent: makes a new agent each time it is called, once more than there are sessions (for the
            warm-up); sync or async.
        join_call: an async function, called as ``join_call(agent, call_type, call_id)``: the session lasts
            as long as it runs. Both may take the extra keywords of `start_session`.
        agent_idle_timeout: seconds that an agent may be alone in its call; 0: for ever.
        max_concurrent_sessions: on this node, those that still close included; None: any number.
        max_sessions_per_call: in one call; None: any number.
        max_session_duration_seconds: how long a session may last; None: for ever.
        maintenance_interval: seconds between two checks of these limits.
        registry: where sessions are listed; by default in the memory of this launcher.
        start_timeout: seconds for making an agent, and again for joining its call.
        close_timeout: seconds for all closing steps of a session together.
        call_id_pattern: which call ids are allowed, as a regular expression for the whole id, where the
            transport needs others than the usual ones.

    Raises:
        ValueError: a limit or a time that makes no sense.
    """

    def __init__(  # noqa: PLR0917 - documented
        self,
        create_agent: CreateAgent,
        join_call: JoinCall,
        agent_idle_timeout: Seconds = 60.0,
        max_concurrent_sessions: int | None = None,
        max_sessions_per_call: int | None = None,
        max_session_duration_seconds: Seconds | None = None,
        maintenance_interval: Seconds = 5.0,
        registry: SessionRegistry | None = None,
        *,
        start_timeout: Seconds = 30.0,
        close_timeout: Seconds = 8.0,
        call_id_pattern: str | None = None,
    ) -> None:
        self._settings = LauncherSettings(
            agent_idle_timeout=agent_idle_timeout,
            max_concurrent_sessions=max_concurrent_sessions,
            max_sessions_per_call=max_sessions_per_call,
            max_session_duration_seconds=max_session_duration_seconds,
            maintenance_interval=maintenance_interval,
            start_timeout=start_timeout,
            close_timeout=close_timeout,
            call_id_pattern=call_id_pattern,
        )
        self._factory = AgentFactory(create_agent)
        self._join_call = UserFunction(join_call, positional=3)
        self._registry = registry or SessionRegistry()
        self._presence = Presence(self._registry, max_per_call=max_sessions_per_call)
        self._metrics = NodeMetrics()
        self._roster = Roster(
            self._settings, self._factory, self._join_call, presence=self._presence, metrics=self._metrics
        )
        self._directory = SessionDirectory(self._roster, self._presence, self._registry)
        self._maintenance: Maintenance | None = None
        self._upkeep: TaskScope | None = None
        self._warmed_up = False
        self._running = False
        self._draining = False
        self._start_limit: asyncio.Timeout | None = None
        self._starting_or_stopping = asyncio.Lock()
        self._warming_up = asyncio.Lock()

    @property
    def settings(self) -> LauncherSettings:
        """Its limits and deadlines."""
        return self._settings

    @property
    def warmed_up(self) -> bool:
        """Whether the models are loaded."""
        return self._warmed_up

    @property
    def running(self) -> bool:
        """Whether it looks after sessions."""
        return self._running

    @property
    def draining(self) -> bool:
        """Whether it only waits for its sessions to end."""
        return self._draining

    @property
    def ready(self) -> bool:
        """Whether sessions can be started: warmed up, running, not draining, maintenance not late."""
        return not self.not_ready_because

    @property
    def not_ready_because(self) -> str:
        """Why sessions should not be started here, in a sentence; empty when it is ready."""
        if not self._warmed_up:
            return "The models are not loaded yet."
        if not self._running or self._maintenance is None:
            return "The launcher is not running."
        return "The launcher is draining." if self._draining else self._maintenance.late

    @property
    def registry(self) -> SessionRegistry:
        """Where sessions are listed."""
        return self._registry

    @property
    def metrics(self) -> NodeMetrics:
        """What was counted here over all sessions; ``metrics.families(launcher)`` is what a scrape reads."""
        return self._metrics

    @property
    def active_sessions(self) -> int:
        """How many sessions this node has, those that start and those that still close included."""
        return len(self._roster.supervisors)

    @property
    def zombie_sessions(self) -> int:
        """How many sessions were left behind at their end and have not truly ended yet."""
        return self._roster.left_behind

    @property
    def total_sessions_started(self) -> int:
        """How many sessions this launcher has brought into their calls."""
        return self._roster.started

    async def start(self) -> None:
        """Warm up, and begin to look after sessions; after a failure it may be called again.

        Raises:
            RuntimeError: the launcher is already running, or starting.
            LauncherNotRunning: it was stopped while it was starting.
        """
        if self._start_limit is not None:
            raise RuntimeError("The launcher is already starting.")
        limit = self._start_limit = asyncio.timeout(None)
        try:
            async with limit, self._starting_or_stopping:
                if self._upkeep is not None:
                    raise RuntimeError("The launcher is already running.")
                await self.warmup()
                await self._open()
                await self._wait_for_slots()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise LauncherNotRunning("The launcher was stopped while it was starting.") from error
        finally:
            self._start_limit = None

    async def stop(self) -> None:
        """End all sessions and wait for it; gives up a start that is under way. Nothing where it is off."""
        await self._stop(Reason.REQUESTED, STOPPED)

    async def drain(self, timeout: Seconds) -> None:  # noqa: ASYNC109 - documented
        """Start no more sessions, wait for those there are, then stop.

        Those that still run after `timeout` seconds are ended with the reason ``drained``.
        """
        if not timeout >= 0:
            raise ValueError(f"timeout must be >= 0, not {timeout}.")
        self._draining = self._running
        if self._draining:
            await self._roster.wait_ended(timeout)
        await self._stop(Reason.DRAINED, "")

    async def __aenter__(self) -> AgentLauncher:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def warmup(self, *, configure: Configure | None = None) -> None:
        """Load the models, by means of an agent that joins no call; nothing where that was done before.

        Who calls it meanwhile waits for the same end. `configure` gets the agent first, and may refuse it.
        """
        async with self._warming_up:
            if self._warmed_up:
                return
            agent = await self._factory.make({})
            try:
                configured = configure(agent) if configure else None
                if isawaitable(configured):
                    await configured
                await self._factory.warm(agent)
            finally:
                await self._put_away(agent)
            self._warmed_up = True

    async def launch(self, **kwargs: object) -> Agent:
        """Make an agent that is warm, for you to use and to close; `kwargs` go to `create_agent`."""
        if unknown := [name for name in kwargs if not self._factory.takes(name)]:
            raise ConfigurationError(f"create_agent takes no {', '.join(unknown)}.")
        agent = await self._factory.make(kwargs)
        try:
            await self._factory.warm(agent)
        except BaseException:
            await self._put_away(agent)
            raise
        return agent

    async def start_session(
        self,
        call_id: str,
        call_type: str = "default",
        video_track_override_path: str | None = None,
        *,
        session_id: str | None = None,
        configure: Configure | None = None,
        **kwargs: object,
    ) -> AgentSession:
        """Make an agent and bring it into a call; returns when its `join_call` has begun.

        What `create_agent` raises is raised here as it is.

        Args:
            call_id: of the call: a-z, 0-9, _ and -, or what `call_id_pattern` allows.
            call_type: of the call: a-z, 0-9, _ and -.
            video_track_override_path: a video file in the place of the live video.
            session_id: of the session, which nothing else may have; made up where it is left out.
            configure: gets the agent before `join_call` does.
            kwargs: go to `create_agent` and `join_call`, as far as they take them.

        Raises:
            InvalidCallId: `call_id` or `call_type` is not allowed.
            LauncherNotRunning: the launcher does not run, is draining, or was stopped meanwhile.
            MaxConcurrentSessionsExceeded: this node has as many sessions as it may.
            MaxSessionsPerCallExceeded: the call has as many sessions as it may.
            RegistryUnavailable: the registry cannot be asked, or has to recover first.
            StartTimeout: making the agent took too long.
            SessionClosed: somebody closed the session before `join_call` had begun.
        """
        with self._metrics.sessions.starting():
            request = SessionRequest(
                call_id=parse_call_id(call_id, pattern=self._settings.call_id_pattern),
                call_type=parse_call_type(call_type),
                session_id=session_id or new_id(),
                video_track_override_path=video_track_override_path,
                configure=configure,
                keywords=kwargs,
            )
            self._check_open()
            return await self._roster.start(request)

    async def close_session(self, session_id: str, wait: bool = False) -> bool:  # noqa: FBT001, FBT002 - documented
        """End a session of this node; tells whether there was one. `wait` returns when it has ended."""
        supervisor = self._roster.find(session_id)
        if supervisor is None or not supervisor.close(Reason.REQUESTED):
            return False
        if wait:
            await supervisor.ended()
        return True

    def get_session(self, session_id: str) -> AgentSession | None:
        """Find a session of this node that is not being closed."""
        supervisor = self._roster.find(session_id)
        return None if supervisor is None or supervisor.closing else supervisor.session

    async def get_session_info(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Look up a session of any node, until it has ended; one of this node is told of as it is now.

        Raises:
            RegistryUnavailable: it is not of this node, and the registry cannot be asked.
        """
        return await self._directory.find(call_id, session_id)

    async def ended_session(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Tell how a session of any node ended, for a minute.

        Raises:
            RegistryUnavailable: it was not of this node, and the registry cannot be asked.
        """
        return await self._directory.find_ended(call_id, session_id)

    async def list_sessions(self, call_id: str | None = None) -> list[SessionInfo]:
        """List the sessions of all nodes, or those of one call, oldest first.

        While the registry cannot be asked, these are the sessions of this node.
        """
        return await self._directory.list(call_id)

    async def request_close_session(self, call_id: str, session_id: str) -> bool:
        """End a session of any node; tells whether there is one. One of this node begins to close at once.

        Raises:
            RegistryUnavailable: it is not of this node, and the registry cannot be asked.
        """
        return await self._directory.close(call_id, session_id)

    def _check_open(self) -> None:
        if not self._running:
            raise LauncherNotRunning("The launcher is not running: start it first.")
        if self._draining:
            raise LauncherDraining("The launcher is draining: start the session on another node.")

    async def _open(self) -> None:
        """Begin to look after sessions."""
        # Made first: the registry has to know the pace of the heartbeats from the start.
        maintenance = Maintenance(
            self._settings, self._registry, self._roster.supervisors, self._metrics.sessions
        )
        try:
            await self._registry.start()
        except BaseException:
            await self._leave_registry()
            raise
        self._upkeep = TaskScope("maintenance")
        self._maintenance = maintenance
        self._maintenance.start(self._upkeep)
        self._running = True

    async def _wait_for_slots(self) -> None:
        try:
            await self._presence.slots_known()
        except BaseException:
            await self._shut(Reason.REQUESTED, STOPPED)
            raise

    async def _stop(self, reason: Reason, detail: str) -> None:
        if self._start_limit is not None and not self._start_limit.expired():
            self._start_limit.reschedule(asyncio.get_running_loop().time())
        async with self._starting_or_stopping:
            await self._shut(reason, detail)

    async def _shut(self, reason: Reason, detail: str) -> None:
        if self._upkeep is None:
            return
        self._running = False
        await self._roster.end_all(reason, detail)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._upkeep.close()
        await self._leave_registry()
        self._upkeep = None
        self._draining = False

    async def _leave_registry(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._registry.stop()
        except Exception as error:  # noqa: BLE001 - a foreign store may raise anything
            logger.warning("The registry failed to stop", extra=failure_fields(error))

    async def _put_away(self, agent: Agent) -> None:
        """Close an agent that was in no call."""
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                await agent.ensure_closed()
        except Exception as error:  # noqa: BLE001 - an agent's class may be the user's own
            logger.warning("An agent failed to close", extra=failure_fields(error))
