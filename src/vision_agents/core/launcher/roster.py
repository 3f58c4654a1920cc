"""The sessions of this node: who is let in, who is there, and waiting for the end of all."""

from __future__ import annotations

import asyncio

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError, MaxConcurrentSessionsExceeded
from vision_agents.core.launcher.factory import AgentFactory, UserFunction
from vision_agents.core.launcher.presence import Presence
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.launcher.supervisor import SessionRequest, SessionSupervisor
from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds


class Roster:
    """Gives each session a slot, which is free again when everything of the session has truly ended.

    Args:
        settings: the limits.
        factory: makes agents.
        join_call: the entry point of a session.
        presence: tells the registry.
        metrics: counts sessions and turns.
    """

    def __init__(
        self,
        settings: LauncherSettings,
        factory: AgentFactory,
        join_call: UserFunction,
        *,
        presence: Presence,
        metrics: NodeMetrics,
    ) -> None:
        self.supervisors: dict[str, SessionSupervisor] = {}
        self.started = 0
        self._settings = settings
        self._factory = factory
        self._join_call = join_call
        self._presence = presence
        self._metrics = metrics
        # Never closed: that would wait for what does not let itself be ended.
        self._scope = TaskScope("launcher")

    @property
    def left_behind(self) -> int:
        """How many sessions could not be ended, and have not ended by themselves."""
        return sum(supervisor.left_behind for supervisor in self.supervisors.values())

    def find(self, session_id: str, call_id: str | None = None) -> SessionSupervisor | None:
        """Find a session, of that call where one is given."""
        supervisor = self.supervisors.get(session_id)
        if supervisor is None or call_id not in {None, supervisor.request.call_id}:
            return None
        return supervisor

    async def start(self, request: SessionRequest) -> AgentSession:
        """Begin a session; returns when it has entered its call. Who is cancelled meanwhile has none.

        Raises:
            MaxConcurrentSessionsExceeded: there is no slot.
            ConfigurationError: there is a session of this id, or nobody takes one of the keywords.
        """
        takers = (self._factory, self._join_call)
        if unknown := [name for name in request.keywords if not any(taker.takes(name) for taker in takers)]:
            raise ConfigurationError(f"Neither create_agent nor join_call takes {', '.join(unknown)}.")
        supervisor = self._admit(request)
        try:
            session = await supervisor.entered()
        except asyncio.CancelledError:
            supervisor.close(Reason.REQUESTED, "start_cancelled")
            raise
        self.started += 1
        return session

    async def wait_ended(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - passed on
        """Return when the sessions that are there now have ended or were left behind."""
        if tasks := [supervisor.task for supervisor in self.supervisors.values()]:
            await asyncio.wait(tasks, timeout=timeout)

    async def end_all(self, reason: Reason, detail: str) -> None:
        """End every session, side by side; takes no longer than one may."""
        for supervisor in list(self.supervisors.values()):
            supervisor.close(reason, detail)
        await self.wait_ended()

    def _admit(self, request: SessionRequest) -> SessionSupervisor:
        """Reserve a slot, and begin."""
        limit, session_id = self._settings.max_concurrent_sessions, request.session_id
        if limit is not None and len(self.supervisors) >= limit:
            raise MaxConcurrentSessionsExceeded(f"This node already runs {limit} sessions.")
        if session_id in self.supervisors:
            raise ConfigurationError(
                f"This node already has a session {session_id}: give another session_id."
            )
        supervisor = SessionSupervisor(
            request,
            factory=self._factory,
            join_call=self._join_call,
            settings=self._settings,
            presence=self._presence,
            metrics=self._metrics,
            scope=self._scope,
        )
        self.supervisors[session_id] = supervisor
        supervisor.gone.add_done_callback(lambda _: self._forget(supervisor))
        return supervisor

    def _forget(self, supervisor: SessionSupervisor) -> None:
        del self.supervisors[supervisor.request.session_id]
        if supervisor.in_call:
            reason = supervisor.describe().reason or Reason.COMPLETED
            self._metrics.sessions.ended(reason, supervisor.age)
