"""What a launcher does from time to time for the sessions it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.launcher.duty import Duty
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.launcher.supervisor import SessionSupervisor
from vision_agents.core.observability.node_metrics import SessionCounts
from vision_agents.core.types.status import Reason
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.launcher")

_PATIENCE: Seconds = 5.0
"""An attempt at the registry may take this long, or two intervals where that is longer."""

_RETRY: Seconds = 1.0
"""A heartbeat that failed is repeated soon: at one in a third of the ttl, the next would come too late."""


class Maintenance:
    """Ends sessions that are idle, too old, lost or asked to close, and tells the registry of the others.

    Each duty has a task of its own: one that hangs or fails delays no other, and a session that cannot be
    looked after keeps none of the others from it.

    Args:
        settings: the limits and the interval.
        registry: what other nodes see.
        supervisors: the sessions of this node by id, as they come and go.
        counts: told how long heartbeats take.
    """

    def __init__(
        self,
        settings: LauncherSettings,
        registry: SessionRegistry,
        supervisors: Mapping[str, SessionSupervisor],
        counts: SessionCounts,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._supervisors = supervisors
        self._counts = counts
        self._unchecked: set[str] = set()
        interval = settings.maintenance_interval
        beat = registry.heartbeat_interval(interval)
        self._duties = (
            Duty("expiry", self._expire, every=interval),
            Duty("heartbeat", self._renew, every=beat, retry=_RETRY, limit=max(_PATIENCE, 2 * beat)),
        )
        # Its attempt is to last for ever, so it cannot be late.
        self._obeying = Duty("commands", self._obey, every=interval)

    def start(self, scope: TaskScope) -> None:
        """Begin, until the scope is closed."""
        for duty in (*self._duties, self._obeying):
            scope.start(duty.run(), name=duty.name)

    @property
    def late(self) -> str:
        """What has not been done for too long, in a sentence; empty where all is well."""
        for duty in self._duties:
            if duty.late_by:
                return f"The maintenance duty {duty.name!r} has not been done for {duty.late_by:.0f} s."
        return ""

    async def _expire(self) -> None:
        self._unchecked.intersection_update(self._supervisors)
        for supervisor in list(self._supervisors.values()):
            try:
                reason = self._overdue(supervisor)
            except Exception as error:  # noqa: BLE001 - an agent's class may be the user's own
                self._tell(supervisor, error)
                continue
            if reason is not None:
                supervisor.close(reason)

    def _overdue(self, supervisor: SessionSupervisor) -> Reason | None:
        longest = self._settings.max_session_duration_seconds
        if longest is not None and supervisor.age >= longest:
            return Reason.MAX_DURATION
        if supervisor.session is None:
            return None
        agent = supervisor.session.agent
        if longest is not None and agent.on_call_for() >= longest:
            return Reason.MAX_DURATION
        if 0 < self._settings.agent_idle_timeout <= agent.idle_for():
            return Reason.IDLE_TIMEOUT
        return None

    async def _renew(self) -> None:
        held = {id_: supervisor for id_, supervisor in self._supervisors.items() if supervisor.claimed}
        with self._counts.heartbeat(asyncio.get_running_loop().time):
            answer = await self._registry.heartbeat([supervisor.describe() for supervisor in held.values()])
        for session_id in answer.lost:
            self._close(session_id, Reason.OWNER_LOST)
        for session_id in answer.close:
            self._close(session_id, Reason.REQUESTED)

    async def _obey(self) -> None:
        async for command in self._registry.commands():
            supervisor = self._supervisors.get(command.session_id)
            if supervisor is not None and supervisor.request.call_id == command.call_id:
                supervisor.close(Reason.REQUESTED)

    def _close(self, session_id: str, reason: Reason) -> None:
        if supervisor := self._supervisors.get(session_id):
            supervisor.close(reason)

    def _tell(self, supervisor: SessionSupervisor, error: Exception) -> None:
        """Tell once of a session that cannot be checked."""
        if supervisor.request.session_id not in self._unchecked:
            self._unchecked.add(supervisor.request.session_id)
            logger.error(
                "A session could not be checked", extra={**supervisor.names, **failure_fields(error)}
            )
