"""The launcher: admits, builds, supervises and ends sessions on this node."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from inspect import isawaitable
from types import TracebackType
from typing import TypeAlias

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import (
    ConfigurationError,
    LauncherNotRunning,
    MaxConcurrentSessionsExceeded,
)
from vision_agents.core.launcher.factory import AgentFactory, UserFunction
from vision_agents.core.launcher.maintenance import Maintenance
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.launcher.supervisor import Configure, SessionRequest, SessionSupervisor
from vision_agents.core.types.ids import parse_call_id, parse_call_type
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

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
    ) -> None:
        self._settings = LauncherSettings(
            agent_idle_timeout=agent_idle_timeout,
            max_concurrent_sessions=max_concurrent_sessions,
            max_sessions_per_call=max_sessions_per_call,
            max_session_duration_seconds=max_session_duration_seconds,
            maintenance_interval=maintenance_interval,
            start_timeout=start_timeout,
            close_timeout=close_timeout,
        )
        self._factory = AgentFactory(create_agent)
        self._join_call = UserFunction(join_call, positional=3)
        self._registry = registry or SessionRegistry()
        self._supervisors: dict[str, SessionSupervisor] = {}
        self._scope: TaskScope | None = None
        self._running = False
        self._warmed_up = False
        self._starting_or_stopping = asyncio.Lock()
        self._warming_up = asyncio.Lock()

    @property
    def warmed_up(self) -> bool:
        """Whether the models are loaded."""
        return self._warmed_up

    @property
    def running(self) -> bool:
        """Whether sessions can be started."""
        return self._running

    @property
    def ready(self) -> bool:
        """Whether it is warmed up and running."""
        return self._warmed_up and self._running

    @property
    def registry(self) -> SessionRegistry:
        """Where sessions are listed."""
        return self._registry

    async def start(self) -> None:
        """Warm up, and begin to look after sessions; after a failure it may be called again.

        Raises:
            RuntimeError: the launcher is already running.
        """
        async with self._starting_or_stopping:
            if self._scope is not None:
                raise RuntimeError("The launcher is already running.")
            await self.warmup()
            self._scope = TaskScope("launcher")
            maintenance = Maintenance(self._settings, self._registry, self._supervisors, self._describe)
            self._scope.start(maintenance.run(), name="maintenance")
            self._running = True

    async def stop(self) -> None:
        """End all sessions and wait for it; nothing where it does not run."""
        async with self._starting_or_stopping:
            if self._scope is None:
                return
            self._running = False
            supervisors = list(self._supervisors.values())
            for supervisor in supervisors:
                supervisor.close(Reason.REQUESTED, "launcher_stopped")
            await asyncio.gather(*(supervisor.ended() for supervisor in supervisors))
            await self._scope.close()
            self._scope = None

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
                await _warm(agent)
            finally:
                await agent.close()
            self._warmed_up = True

    async def launch(self, **kwargs: object) -> Agent:
        """Make an agent that is warm, for you to use and to close; `kwargs` go to `create_agent`."""
        if unknown := [name for name in kwargs if not self._factory.takes(name)]:
            raise ConfigurationError(f"create_agent takes no {', '.join(unknown)}.")
        agent = await self._factory.make(kwargs)
        try:
            await _warm(agent)
        except BaseException:
            await agent.close()
            raise
        return agent

    async def start_session(
        self,
        call_id: str,
        call_type: str = "default",
        video_track_override_path: str | None = None,
        *,
        configure: Configure | None = None,
        **kwargs: object,
    ) -> AgentSession:
        """Make an agent and bring it into a call; returns when its `join_call` has begun.

        Args:
            call_id: of the call: a-z, 0-9, _ and -.
            call_type: of the call, in the same alphabet.
            video_track_override_path: a video file in the place of the live video.
            configure: gets the agent before `join_call` does.
            kwargs: go to `create_agent` and `join_call`, as far as they take them.

        Raises:
            InvalidCallId: `call_id` or `call_type` is not allowed.
            LauncherNotRunning: the launcher does not run, or was stopped meanwhile.
            MaxConcurrentSessionsExceeded: this node has as many sessions as it may.
            MaxSessionsPerCallExceeded: the call has as many sessions as it may.
            StartTimeout: making the agent took too long.
        """
        request = SessionRequest(
            call_id=parse_call_id(call_id),
            call_type=parse_call_type(call_type),
            video_track_override_path=video_track_override_path,
            configure=configure,
            keywords=kwargs,
        )
        unknown = [name for name in kwargs if not (self._factory.takes(name) or self._join_call.takes(name))]
        if unknown:
            raise ConfigurationError(f"Neither create_agent nor join_call takes {', '.join(unknown)}.")
        supervisor = self._admit(request)
        try:
            return await supervisor.entered()
        except asyncio.CancelledError:
            supervisor.close(Reason.REQUESTED, "start_cancelled")
            raise

    async def close_session(self, session_id: str, wait: bool = False) -> bool:  # noqa: FBT001, FBT002 - documented
        """End a session of this node; tells whether there was one. `wait` returns when it has ended."""
        supervisor = self._supervisors.get(session_id)
        if supervisor is None or not supervisor.close(Reason.REQUESTED):
            return False
        if wait:
            await supervisor.ended()
        return True

    def get_session(self, session_id: str) -> AgentSession | None:
        """Find a session of this node that is not being closed."""
        supervisor = self._supervisors.get(session_id)
        return None if supervisor is None or supervisor.closing else supervisor.session

    async def get_session_info(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Look up a session of any node."""
        supervisor = self._supervisors.get(session_id)
        if supervisor is not None and supervisor.request.call_id == call_id:
            return self._describe(supervisor)
        return await self._registry.get(call_id, session_id)

    async def request_close_session(self, call_id: str, session_id: str) -> None:
        """End a session of any node: one of this node begins to close at once."""
        supervisor = self._supervisors.get(session_id)
        if supervisor is not None and supervisor.request.call_id == call_id:
            supervisor.close(Reason.REQUESTED)
        else:
            await self._registry.request_close(call_id, session_id)

    def _admit(self, request: SessionRequest) -> SessionSupervisor:
        """Reserve the session's slot, which is free again when its task has ended."""
        scope, limit = self._scope, self._settings.max_concurrent_sessions
        if scope is None or not self._running:
            raise LauncherNotRunning("The launcher is not running: start it first.")
        if limit is not None and len(self._supervisors) >= limit:
            raise MaxConcurrentSessionsExceeded(f"This node already runs {limit} sessions.")
        supervisor = SessionSupervisor(
            request, factory=self._factory, join_call=self._join_call, settings=self._settings
        )
        self._supervisors[request.session_id] = supervisor
        task = scope.start(self._run(supervisor), name=request.session_id, on_error=_keep_in_task)
        task.add_done_callback(lambda _: self._supervisors.pop(request.session_id))
        supervisor.watch(task)
        return supervisor

    async def _run(self, supervisor: SessionSupervisor) -> None:
        limit = self._settings.max_sessions_per_call
        await self._registry.claim(self._describe(supervisor), max_per_call=limit)
        try:
            await supervisor.run()
        finally:
            await self._registry.release(replace(self._describe(supervisor), status=SessionStatus.CLOSED))

    def _describe(self, supervisor: SessionSupervisor) -> SessionInfo:
        request = supervisor.request
        return SessionInfo(
            session_id=request.session_id,
            call_id=request.call_id,
            node_id=self._registry.node_id,
            started_at=request.started_at.timestamp(),
            status=supervisor.status,
        )


async def _warm(agent: Agent) -> None:
    if agent.pipeline is not None:
        await agent.pipeline.warmup()


def _keep_in_task(error: Exception) -> None:
    """Let the task end with its error: `AgentSession.wait` raises it."""
    raise error
