"""Pictures from the browser: decoded by aiortc, converted only when somebody asks for pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import Rgb, VideoFrame


class ReceivedFrame(VideoFrame):
    """A picture as the decoder gave it, in its own colour space until `to_rgb` is called."""

    def __init__(self, frame: av.VideoFrame, *, captured_at: Seconds) -> None:
        super().__init__(width=frame.width, height=frame.height, captured_at=captured_at)
        self._frame = frame
        self._rgb: Rgb | None = None

    def to_rgb(self) -> Rgb:
        """Convert, once; takes milliseconds, and may be called in a thread."""
        if self._rgb is None:
            self._rgb = cast("Rgb", self._frame.to_ndarray(format="rgb24"))
        return self._rgb


async def receive_frames(track: MediaStreamTrack, emit: Callable[[VideoFrame], None]) -> None:
    """Give each picture of a track as soon as it is decoded; returns when the track has ended."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            frame: Any = await cast("Any", track).recv()
        except MediaStreamError:
            return
        if isinstance(frame, av.VideoFrame):
            emit(ReceivedFrame(frame, captured_at=loop.time()))
