"""A client that costs and delays as little as can be: packets go out ready-made, and come back undecoded."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
from aiortc import RTCSessionDescription

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media.inbound import InboundAudio
from vision_agents.plugins.webrtc.media.opus import OpusEncoder
from vision_agents.plugins.webrtc.media.peer_connection import MediaConnection
from vision_agents.plugins.webrtc.media.settings import PeerSettings
from vision_agents.plugins.webrtc.media.stats import InboundStats, OutboundStats

SAMPLES = 960
PERIOD = 0.02
_FRAME = PcmData(np.full(SAMPLES, 1000, np.int16), 48_000)
LOOPBACK = PeerSettings(host_addresses=("127.0.0.1",))


@cache
def loop_of_packets(frames: int = 50) -> list[bytes]:
    """A second of a tone, encoded once for all clients."""
    encoder = OpusEncoder()
    at = np.arange(frames * SAMPLES) / 48_000
    wave = (6000 * np.sin(2 * np.pi * 300 * at)).astype(np.int16).reshape(frames, SAMPLES)
    return [encoder.encode(samples) for samples in wave]


class _Counting(InboundAudio):
    """Counts packets, and decodes them only where somebody wants to hear them."""

    def __init__(self, emit: Callable[[PcmData], None], *, decode: bool) -> None:
        super().__init__(emit, InboundStats())
        self.packets = 0
        self._decodes = decode

    def add(self, source: int, sequence: int, payload: bytes) -> None:
        self.packets += 1
        if self._decodes:
            super().add(source, sequence, payload)


class _Encoded:
    """Stands in for an encoder: hands out packets that were made before."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = packets
        self._at = 0

    def encode(self, samples: object) -> bytes:
        self._at = (self._at + 1) % len(self._packets)
        return self._packets[self._at]


class LeanClient:
    """Offers, sends all the time, counts what comes back; decodes it, and encodes, where `decode` is set."""

    def __init__(self, *, decode: bool = False) -> None:
        self.counting = _Counting(self.on_frame, decode=decode)
        self.connection = MediaConnection(LOOPBACK, self.counting, OutboundStats())
        self.connection.addTransceiver("audio", "sendrecv")
        assert self.connection.audio is not None
        if not decode:
            self.connection.audio._encoder = _Encoded(loop_of_packets())  # type: ignore[assignment]  # noqa: SLF001
        self.connected = asyncio.Event()
        self.connection.on("connectionstatechange", self._on_state)
        self._timer: asyncio.TimerHandle | None = None

    def _on_state(self) -> None:
        if self.connection.connectionState == "connected" and not self.connected.is_set():
            self.connected.set()
            loop = asyncio.get_running_loop()
            self._send(loop, loop.time() + random.uniform(0, PERIOD))

    def _send(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        """Send a frame and plan the next: no frame is left out, however late the process is."""
        assert self.connection.audio is not None
        self.connection.audio.playout.push(self.next_frame())
        self._timer = loop.call_at(at + PERIOD, self._send, loop, at + PERIOD)

    def next_frame(self) -> PcmData:
        return _FRAME

    def on_frame(self, pcm: PcmData) -> None: ...

    @property
    def packets_back(self) -> int:
        return self.counting.packets

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self.connection.close()


async def many(sessions: int) -> None:
    """Be the clients of `density`, led over standard input and output by lines of JSON."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    clients = [LeanClient() for _ in range(sessions)]
    for client in clients:
        print(json.dumps(await client.offer()), flush=True)
        await client.take(json.loads(await lines.readline()))
        await client.connected.wait()
    print("connected", flush=True)
    await lines.readline()
    before = [client.packets_back for client in clients]
    await lines.readline()
    print(
        json.dumps([client.packets_back - was for client, was in zip(clients, before, strict=True)]),
        flush=True,
    )
    await lines.readline()
    for client in clients:
        await client.close()


if __name__ == "__main__":
    asyncio.run(many(int(sys.argv[1])))
