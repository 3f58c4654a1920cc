"""Servers that send back what they hear: ours, and aiortc as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.media.ice import prepare_ice
from vision_agents.plugins.webrtc.media.peer import Peer
from vision_agents.plugins.webrtc.media.settings import PeerSettings

LOOPBACK = PeerSettings(host_addresses=("127.0.0.1",))


class Echo(Protocol):
    """A server for one client."""

    async def accept(self, offer_sdp: str) -> str: ...

    async def close(self) -> None: ...


class OurEcho:
    """Our peer, sending each frame back at once."""

    def __init__(self) -> None:
        self.peer = Peer(self, LOOPBACK)
        self.heard_at: list[float] = []
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()

    async def accept(self, offer_sdp: str) -> str:
        return await self.peer.accept(offer_sdp)

    async def close(self) -> None:
        await self.peer.close()

    def on_audio(self, pcm: PcmData) -> None:
        self.heard_at.append(asyncio.get_running_loop().time())
        self.peer.send_audio(pcm)

    def on_video(self, kind: TrackType, frame: VideoFrame) -> None: ...

    def on_video_ended(self, kind: TrackType) -> None: ...

    def on_message(self, data: Mapping[str, object]) -> None:
        self.peer.send_message({"type": "pong", "n": data.get("n")})

    def on_connected(self) -> None:
        self.connected.set()

    def on_interrupted(self) -> None: ...

    def on_closed(self, detail: str) -> None:
        self.closed.set()


class StockEcho:
    """aiortc as it comes: the incoming track is the outgoing one."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on("track", self._on_track)
        self.pc.on("datachannel", self._on_channel)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self.pc.addTrack(track)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        channel.on("message", channel.send)

    async def accept(self, offer_sdp: str) -> str:
        pc = self.pc
        await pc.setRemoteDescription(RTCSessionDescription(sdp=offer_sdp, type="offer"))
        for transceiver in pc.getTransceivers():
            prepare_ice(transceiver.receiver.transport.transport._connection, LOOPBACK)  # noqa: SLF001 - the address only
        await pc.setLocalDescription(await pc.createAnswer())
        return pc.localDescription.sdp

    async def close(self) -> None:
        await self.pc.close()


SERVERS: dict[str, Callable[[], Echo]] = {"ours": OurEcho, "aiortc": StockEcho}
