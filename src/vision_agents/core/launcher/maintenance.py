"""What a launcher does from time to time for the sessions it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.launcher.settings import LauncherSettings
from vision_agents.core.launcher.supervisor import SessionSupervisor
from vision_agents.core.types.status import Reason

logger = logging.getLogger("vision_agents.launcher")


class Maintenance:
    """Ends sessions that are idle, too old or asked to close, and tells the registry how the others stand.

    Neither a duty nor a session that fails keeps the others from being looked after.

    Args:
        settings: the limits and the interval.
        registry: what other nodes see.
        supervisors: the sessions of this node by id, as they come and go.
        describe: tells how a session stands.
    """

    def __init__(
        self,
        settings: LauncherSettings,
        registry: SessionRegistry,
        supervisors: Mapping[str, SessionSupervisor],
        describe: Callable[[SessionSupervisor], SessionInfo],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._supervisors = supervisors
        self._describe = describe

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            for duty in (self._expire, self._beat):
                try:
                    await duty()
                except Exception:
                    logger.exception("A maintenance duty failed", extra={"duty": duty.__name__})
            await asyncio.sleep(self._settings.maintenance_interval)

    async def _expire(self) -> None:
        for supervisor in list(self._supervisors.values()):
            try:
                reason = self._overdue(supervisor)
            except Exception:  # an agent's class may be the user's own
                logger.exception(
                    "A session could not be checked", extra={"session_id": supervisor.request.session_id}
                )
                continue
            if reason is not None:
                supervisor.close(reason)

    def _overdue(self, supervisor: SessionSupervisor) -> Reason | None:
        if supervisor.session is None:
            return None
        agent = supervisor.session.agent
        longest = self._settings.max_session_duration_seconds
        if longest is not None and max(supervisor.age, agent.on_call_for()) >= longest:
            return Reason.MAX_DURATION
        if 0 < self._settings.agent_idle_timeout <= agent.idle_for():
            return Reason.IDLE_TIMEOUT
        return None

    async def _beat(self) -> None:
        heartbeat = await self._registry.heartbeat([self._describe(s) for s in self._supervisors.values()])
        for session_id in heartbeat.close | heartbeat.lost:
            if supervisor := self._supervisors.get(session_id):
                supervisor.close(Reason.REQUESTED)
