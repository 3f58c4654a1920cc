"""A call with one agent in it, over peer connections that the test plays."""

from __future__ import annotations

import asyncio

import numpy as np
from tests.plugins.webrtc.stub_peers import Ears, Street, StubPeer

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.people import User
from vision_agents.plugins.webrtc.connection import WebRtcConnection
from vision_agents.plugins.webrtc.meeting import Meeting
from vision_agents.plugins.webrtc.seat import Seat
from vision_agents.plugins.webrtc.settings import EdgeSettings


def now() -> float:
    return asyncio.get_running_loop().time()


def level(value: int) -> PcmData:
    """20 ms of one value: sums can be read off it."""
    return PcmData(np.full(960, value, np.int16), 48_000)


class Scene:
    """A meeting with one agent in it."""

    def __init__(self, **settings: float) -> None:
        self.street = Street()
        self.over = False
        self.meeting = Meeting(
            "lunch",
            settings=EdgeSettings(**settings),  # pyright: ignore[reportArgumentType]
            new_peer=self.street.new_peer,
            on_over=self._on_over,
        )
        self.ears = Ears()
        self.agent = WebRtcConnection(self.meeting, User(id="agent"), self.ears)
        self.agent.enter()

    async def person(self, name: str = "") -> tuple[Seat, StubPeer]:
        """Let somebody in, connected."""
        seat, _ = await self.meeting.admit(name, "offer")
        peer = self.street.peers[-1]
        peer.ears.on_connected()
        return seat, peer

    def _on_over(self) -> None:
        self.over = True
