"""A call from a file: waits for the greeting, plays, hears the answer out, and hangs up."""

from __future__ import annotations

import asyncio

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.file_caller import FileCaller
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import MediaError
from vision_agents.core.events.agent import AgentJoinedCallEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.types.people import User
from vision_agents.core.types.units import Seconds

_LOOK_EVERY: Seconds = 0.05
_GREETED: Seconds = 0.2
_LONGEST_GREETING: Seconds = 20.0
_ANSWERED: Seconds = 0.5
_LONGEST_ANSWER: Seconds = 120.0


class FileCall:
    """Brings a file into the agent's call, and ends the call when all is said.

    Args:
        caller: plays the file.
    """

    def __init__(self, caller: FileCaller) -> None:
        self.edge = Edge()
        """The agent must join through this one."""
        self._caller = caller
        self._agent_is_there = asyncio.Event()

    def attach(self, events: EventBus) -> None:
        """Listen for the agent to join."""
        events.on(AgentJoinedCallEvent, lambda _: self._agent_is_there.set())

    async def make(self, session: AgentSession) -> None:
        """Make the call.

        Raises:
            MediaError: the file is damaged; the call was ended all the same.
        """
        await self._agent_is_there.wait()
        self._caller.join(
            self.edge, User(id="caller", name="Caller"), session.call_id, play_when_answered=False
        )
        await _settled(session, hold=_GREETED, at_most=_LONGEST_GREETING)
        self._caller.play()
        try:
            await self._caller.wait_finished()
        except MediaError:
            self._caller.peer.end_call("the file is damaged")
            raise
        await _settled(session, hold=_ANSWERED, at_most=_LONGEST_ANSWER)
        self._caller.peer.end_call("the file has ended")


async def _settled(session: AgentSession, *, hold: Seconds, at_most: Seconds) -> None:
    """Return when nobody's turn has been under way for `hold` seconds, or after `at_most`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + at_most
    since = loop.time()
    while (now := loop.time()) < end and now - since < hold:
        await asyncio.sleep(_LOOK_EVERY)
        if not session.settled:
            since = loop.time()
