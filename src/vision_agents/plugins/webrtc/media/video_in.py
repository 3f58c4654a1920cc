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


STOPPED_AFTER: Seconds = 5.0
"""So long without a picture, and the browser has stopped: a still screen is repeated once a second."""


async def receive_frames(
    track: MediaStreamTrack, emit: Callable[[VideoFrame], None], stopped: Callable[[], None]
) -> None:
    """Give each picture of a track as soon as it is decoded; returns when the track has ended.

    `stopped` is called each time that pictures stop coming.
    """
    loop = asyncio.get_running_loop()
    source: Any = track
    running = False
    while True:
        try:
            async with asyncio.timeout(STOPPED_AFTER if running else None):
                frame: Any = await source.recv()
        except TimeoutError:
            running = False
            stopped()
        except MediaStreamError:
            break
        else:
            running = True
            emit(ReceivedFrame(cast("av.VideoFrame", frame), captured_at=loop.time()))
    if running:
        stopped()
