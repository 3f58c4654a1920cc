"""Looking up and closing sessions, wherever they run."""

from __future__ import annotations

from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.launcher.presence import Presence
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.launcher.roster import Roster
from vision_agents.core.types.status import Reason


class SessionDirectory:
    """The sessions of all nodes: those of this one as they are now, those of others as the registry knows.

    What concerns a session of this node works without the registry.

    Args:
        roster: the sessions of this node.
        presence: knows how sessions of this node ended.
        registry: knows those of other nodes.
    """

    def __init__(self, roster: Roster, presence: Presence, registry: SessionRegistry) -> None:
        self._roster = roster
        self._presence = presence
        self._registry = registry

    async def find(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session that has not ended."""
        if supervisor := self._roster.find(session_id, call_id):
            return supervisor.describe()
        if self._presence.ended(call_id, session_id):
            return None
        return await self._registry.get(call_id, session_id)

    async def find_ended(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        return self._presence.ended(call_id, session_id) or await self._registry.ended(call_id, session_id)

    async def list(self, call_id: str | None) -> list[SessionInfo]:
        """List sessions, oldest first; while the registry cannot be asked, those of this node."""
        here = {
            session_id: supervisor.describe()
            for session_id, supervisor in self._roster.supervisors.items()
            if call_id in {None, supervisor.request.call_id}
        }
        elsewhere = [
            info
            for info in await self._known(call_id)
            if info.session_id not in here and not self._presence.ended(info.call_id, info.session_id)
        ]
        return sorted([*here.values(), *elsewhere], key=lambda info: info.started_at)

    async def close(self, call_id: str, session_id: str) -> bool:
        """Have a session closed, here at once; tells whether there is one."""
        if supervisor := self._roster.find(session_id, call_id):
            supervisor.close(Reason.REQUESTED)
            return True
        if self._presence.ended(call_id, session_id):
            return False
        return await self._registry.request_close(call_id, session_id)

    async def _known(self, call_id: str | None) -> list[SessionInfo]:
        try:
            if call_id is None:
                return await self._registry.list_sessions()
            return await self._registry.get_for_call(call_id)
        except RegistryUnavailable:
            return []
