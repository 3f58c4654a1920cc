"""Where pages and agents of this process meet: by call id, whoever comes first."""

from __future__ import annotations

import asyncio
from functools import partial

from vision_agents.core.errors import EdgeError
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.connection import WebRtcConnection
from vision_agents.plugins.webrtc.meeting import Meeting
from vision_agents.plugins.webrtc.peers import NewPeer
from vision_agents.plugins.webrtc.settings import EdgeSettings


class Rendezvous:
    """Knows the calls of this process that have an agent, and the pages that wait for one."""

    def __init__(self) -> None:
        self._meetings: dict[str, Meeting] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def enter(
        self, call_id: str, connect: partial[WebRtcConnection], settings: EdgeSettings, new_peer: NewPeer
    ) -> WebRtcConnection:
        """Bring an agent into a call, which begins with the first."""
        meeting = self._meetings.get(call_id)
        if meeting is None:
            meeting = Meeting(
                call_id, settings=settings, new_peer=new_peer, on_over=partial(self._forget, call_id)
            )
            self._meetings[call_id] = meeting
        connection = connect(meeting)
        connection.enter()
        for waiter in self._waiting.pop(call_id, []):
            if not waiter.done():
                waiter.set_result(None)
        return connection

    async def meeting(self, call_id: str, *, wait: Seconds, most: int) -> Meeting:
        """Find a call; where no agent is in it, wait for one.

        Raises:
            EdgeError: none came within `wait` seconds, or `most` others wait already.
        """
        if (meeting := self._meetings.get(call_id)) is not None:
            return meeting
        waiters = self._waiting.setdefault(call_id, [])
        if len(waiters) >= most:
            raise EdgeError("Too many people wait for this call's agent.")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            async with asyncio.timeout(wait):
                await waiter
        except TimeoutError:
            raise EdgeError(
                f"No agent is in this call: none joined within {wait:g} s. Start a session, then try again."
            ) from None
        finally:
            self._give_up(call_id, waiter)
        if (meeting := self._meetings.get(call_id)) is None:
            raise EdgeError("The agent has left this call already.")
        return meeting

    def find(self, call_id: str) -> Meeting | None:
        """Find a call that has an agent."""
        return self._meetings.get(call_id)

    def _give_up(self, call_id: str, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiting.get(call_id, [])
        if waiter in waiters:
            waiters.remove(waiter)
        if not waiters:
            self._waiting.pop(call_id, None)

    def _forget(self, call_id: str) -> None:
        self._meetings.pop(call_id, None)
