"""How the agent enters the conversation once it is in the call."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from vision_agents.core.agents.call_listener import CallListener
from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.edge.transport import Connection
from vision_agents.core.events.agent import AgentStartedEvent

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession

logger = logging.getLogger("vision_agents.host")


class Entry:
    """Runs `Agent.on_enter`, after somebody who is called up has answered.

    Args:
        session: whose agent enters.
        connection: the joined call.
        listener: hears from the call.
        dialogue: where the agent takes part afterwards.
    """

    def __init__(
        self, session: AgentSession, connection: Connection, *, listener: CallListener, dialogue: Dialogue
    ) -> None:
        self._session = session
        self._connection = connection
        self._listener = listener
        self._dialogue = dialogue

    @property
    def calls_up(self) -> bool:
        """Whether somebody in the call is on a telephone that this side dialled."""
        people = self._connection.participants_data.values()
        return any(about.get("sipUser") and about.get("sipCallType") == "outbound" for about in people)

    async def answered(self) -> None:
        """Return when the telephone is heard; `TimeoutError` where that takes too long."""
        async with asyncio.timeout(self._session.agent.deadlines.answer):
            await self._listener.hear_one_of(self._on_telephone)

    async def enter(self) -> None:
        """Let the agent begin, and tell that it has."""
        session = self._session
        session.entered = session.agent
        await session.agent.on_enter()
        session.events.emit(AgentStartedEvent)

    def take_part(self) -> None:
        """Be idle where there is nothing to do."""
        self._dialogue.enter()

    def _on_telephone(self, participant_id: str) -> bool:
        return bool(self._connection.participants_data.get(participant_id, {}).get("sipUser"))
