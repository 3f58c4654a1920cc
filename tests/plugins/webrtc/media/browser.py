"""A browser in the process: an aiortc client that offers as the page does, and a listener that keeps all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCBundlePolicy

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.media.peer import Peer
from vision_agents.plugins.webrtc.media.rtp_seam import drop_when_closed
from vision_agents.plugins.webrtc.media.settings import PeerSettings

RATE = 48_000
SAMPLES = 960
LOOPBACK = PeerSettings(host_addresses=("127.0.0.1",))


def tone(hertz: float, frames: int, *, level: float = 8000.0) -> list[PcmData]:
    """Make 20 ms frames of a tone, mono at 48 kHz."""
    at = np.arange(frames * SAMPLES) / RATE
    wave = (level * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return [PcmData(wave[start : start + SAMPLES], RATE) for start in range(0, len(wave), SAMPLES)]


def pitch(pieces: list[np.ndarray[Any, Any]]) -> float:
    """Tell the strongest frequency, in Hz."""
    wave = np.concatenate(pieces).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(spectrum) * RATE / len(wave))


class Heard:
    """A `PeerListener` that keeps everything."""

    def __init__(self) -> None:
        self.audio: list[PcmData] = []
        self.audio_at: list[float] = []
        self.video: list[tuple[TrackType, VideoFrame]] = []
        self.ended: list[TrackType] = []
        self.messages: list[Mapping[str, object]] = []
        self.states: list[str] = []
        self.changed = asyncio.Event()

    def on_audio(self, pcm: PcmData) -> None:
        self.audio.append(pcm)
        self.audio_at.append(asyncio.get_running_loop().time())
        self.changed.set()

    def on_video(self, kind: TrackType, frame: VideoFrame) -> None:
        self.video.append((kind, frame))
        self.changed.set()

    def on_video_ended(self, kind: TrackType) -> None:
        self.ended.append(kind)
        self.changed.set()

    def on_message(self, data: Mapping[str, object]) -> None:
        self.messages.append(data)
        self.changed.set()

    def on_connected(self) -> None:
        self._state("connected")

    def on_interrupted(self) -> None:
        self._state("interrupted")

    def on_closed(self, detail: str) -> None:
        self._state("closed")

    def _state(self, state: str) -> None:
        self.states.append(state)
        self.changed.set()

    async def until(self, reached: Callable[[], bool], *, within: float = 10.0) -> None:
        """Wait until something is so; it is asked after each thing heard."""
        async with asyncio.timeout(within):
            while not reached():
                self.changed.clear()
                await self.changed.wait()


class Microphone(MediaStreamTrack):
    """A track that plays frames at real-time speed, and silence when it has none."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[PcmData] = []
        self.taken: list[float] = []
        self._position = 0
        self._start: float | None = None

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
        await asyncio.sleep(max(0.0, self._start + self._position / RATE - loop.time()))
        pcm = self.frames.pop(0) if self.frames else PcmData(np.zeros(SAMPLES, np.int16), RATE)
        frame = av.AudioFrame.from_ndarray(
            cast("Any", pcm.samples[np.newaxis, :]), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._position, Fraction(1, RATE)
        self._position += SAMPLES
        self.taken.append(loop.time())
        return frame


class Browser:
    """The page's side of the connection."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.microphone = Microphone()
        self.pc.addTrack(self.microphone)
        drop_when_closed(self.pc.getSenders()[0].transport)
        self.channel: RTCDataChannel = self.pc.createDataChannel("events")
        self.messages: list[Mapping[str, object]] = []
        self.heard: list[np.ndarray[Any, Any]] = []
        self.heard_at: list[float] = []
        self.video: list[av.VideoFrame] = []
        self.changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.channel.on("message", self._on_message)
        self.channel.on("open", self.changed.set)
        self.pc.on("track", self._on_track)

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, reached: Callable[[], bool], *, within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while not reached():
                self.changed.clear()
                await self.changed.wait()

    def _on_message(self, message: str) -> None:
        self.messages.append(json.loads(message))
        self.changed.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame: Any = await cast("Any", track).recv()
                if isinstance(frame, av.AudioFrame):
                    self.heard.append(cast("Any", frame.to_ndarray()).reshape(-1, 2)[:, 0])
                    self.heard_at.append(asyncio.get_running_loop().time())
                elif isinstance(frame, av.VideoFrame):
                    self.video.append(frame)
                self.changed.set()


@contextlib.asynccontextmanager
async def call(
    settings: PeerSettings = LOOPBACK, browser: Browser | None = None, heard: Heard | None = None
) -> AsyncGenerator[tuple[Browser, Peer, Heard]]:
    """Connect a browser and a peer."""
    browser = browser or Browser()
    heard = heard or Heard()
    peer = Peer(heard, settings)
    try:
        await browser.take(await peer.accept(await browser.offer()))
        await heard.until(lambda: "connected" in heard.states)
        yield browser, peer, heard
    finally:
        await peer.close()
        await browser.close()
