"""Watches a camera for an agent: tells when something begins to move, and what there is to see."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from vision_agents.core.events.plugin import VideoProcessorDetectionEvent
from vision_agents.core.processors.processor import VideoProcessorPublisher
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import Rgb, RgbFrame, VideoFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.plugins.motion.detector import Box, Motion, MotionDetector

_DARK = 16.0
_BORDER = (255, 190, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionChangedEvent(VideoProcessorDetectionEvent):
    """Something has begun to move, or everything has come to rest."""

    type: ClassVar[str] = "plugin.motion.changed"
    moving: bool
    where: str = ""
    """``left``, ``middle`` or ``right`` of the picture."""


class MotionProcessor(VideoProcessorPublisher):
    """Sees that something moves and where; shows the others the picture with a frame around it.

    Publishes `MotionChangedEvent`; `report` tells in words what there is to see.

    Args:
        fps: how many pictures a second it looks at.
        rest: seconds without motion until everything is at rest.
    """

    provider = "motion"
    name = "motion"

    def __init__(self, *, fps: float = 5.0, rest: Seconds = 2.0) -> None:
        if not rest > 0:
            raise ValueError(f"rest must be > 0 s, not {rest}.")
        self.moving = False
        """Whether something moves now."""
        self._fps = fps
        self._rest = rest
        self._track = VideoTrack()
        self._own: VideoForwarder | None = None
        self._events: Any = None
        self._detector = MotionDetector()
        self._motion: Motion | None = None
        self._moved_at: Seconds | None = None
        self._in_a_row = 0

    def attach_agent(self, agent: Any) -> None:
        """Publish to the agent's events."""
        self._events = agent.events

    def publish_video_track(self) -> VideoTrack:
        """Give the picture with a frame around what moves."""
        return self._track

    async def process_video(
        self, track: VideoTrack, participant_id: str | None, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        """Watch a track from now on."""
        await self.stop_processing()
        if shared_forwarder is None:
            shared_forwarder = self._own = VideoForwarder(track)
        shared_forwarder.add_frame_handler(self._look, fps=self._fps, name=self.name)

    async def stop_processing(self) -> None:
        """Watch nothing any more."""
        own, self._own = self._own, None
        if own is not None:
            await own.stop()
        self._forget()

    def report(self) -> str:
        """Say what there is to see, in one sentence."""
        motion = self._motion
        if motion is None:
            return "There is no picture: nobody has a camera on."
        if motion.brightness < _DARK:
            return "The picture is dark: the camera may be covered."
        if self.moving:
            return f"Something is moving {_place(motion.where)}."
        if self._moved_at is None:
            return "Everything is still."
        ago = round(asyncio.get_running_loop().time() - self._moved_at)
        return f"Everything is still. The last motion was {ago} seconds ago."

    def _forget(self) -> None:
        self._detector = MotionDetector()
        self._motion = self._moved_at = None
        self._in_a_row, self.moving = 0, False

    async def _look(self, frame: VideoFrame) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        pixels = await asyncio.to_thread(frame.to_rgb)
        motion = await asyncio.to_thread(self._detector.look, pixels)
        self._take(motion, took=loop.time() - began)
        self._track.push(RgbFrame(_framed(pixels, motion.box), captured_at=frame.captured_at))

    def _take(self, motion: Motion, *, took: Seconds) -> None:
        now = asyncio.get_running_loop().time()
        if motion.box is not None:
            self._in_a_row += 1
            if self._in_a_row >= 2:  # one picture alone may be damaged
                self._moved_at = now
            self._motion = motion
        else:
            self._in_a_row = 0
            self._motion = motion if self._motion is None or not self.moving else self._motion
        moving = self._moved_at is not None and now - self._moved_at < self._rest
        if moving != self.moving:
            self.moving = moving
            self._tell(took)

    def _tell(self, took: Seconds) -> None:
        if self._events is not None and self._motion is not None:
            self._events.emit(
                MotionChangedEvent,
                plugin_name=self.name,
                model_id="frame difference",
                inference_time_ms=took * 1000,
                detection_count=int(self.moving),
                moving=self.moving,
                where=self._motion.where if self.moving else "",
            )


def _place(where: str) -> str:
    return "in the middle" if where == "middle" else f"on the {where}"


def _framed(pixels: Rgb, box: Box | None) -> Rgb:
    """Draw the frame into a copy."""
    if box is None:
        return pixels
    drawn = np.array(pixels)
    height, width = pixels.shape[:2]
    left, right = round(box.left * width), max(1, round(box.right * width)) - 1
    top, bottom = round(box.top * height), max(1, round(box.bottom * height)) - 1
    line = max(1, width // 200)
    drawn[top : top + line, left : right + 1] = _BORDER
    drawn[bottom - line + 1 : bottom + 1, left : right + 1] = _BORDER
    drawn[top : bottom + 1, left : left + line] = _BORDER
    drawn[top : bottom + 1, right - line + 1 : right + 1] = _BORDER
    return drawn
