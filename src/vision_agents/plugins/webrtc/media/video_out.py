"""Pictures to the browser: the newest one, as often as the encoder can take one."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from vision_agents.core.video.frame import VideoFrame

_CLOCK_RATE = 90_000
_TIME_BASE = Fraction(1, _CLOCK_RATE)


class OutgoingVideo(MediaStreamTrack):
    """A track of the pictures that `show` is given; one that was not sent yet gives way to a newer one."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: VideoFrame | None = None
        self._shown = asyncio.Event()

    def show(self, frame: VideoFrame) -> None:
        """Send this picture next."""
        self._newest = frame
        self._shown.set()

    async def recv(self) -> av.VideoFrame:
        """Wait for a picture and give it to the encoder."""
        await self._shown.wait()
        frame, self._newest = self._newest, None
        if self.readyState != "live" or frame is None:
            raise MediaStreamError
        self._shown.clear()
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(None, _to_yuv, frame)
        picture.pts = int(frame.captured_at * _CLOCK_RATE)
        picture.time_base = _TIME_BASE
        return picture

    def stop(self) -> None:
        """End the track."""
        super().stop()
        self._shown.set()


def _to_yuv(frame: VideoFrame) -> av.VideoFrame:
    """Convert to what the encoders want: even sizes, planes of brightness and colour."""
    rgb = frame.to_rgb()
    even = rgb[: frame.height // 2 * 2, : frame.width // 2 * 2]
    return av.VideoFrame.from_ndarray(even, format="rgb24").reformat(format="yuv420p")
