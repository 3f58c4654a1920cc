"""What a model is shown with each answer: the newest pictures of a track, some time apart."""

from __future__ import annotations

from dataclasses import dataclass

from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.track import VideoTrack

MOST_FRAMES = 5
"""Pictures cost a model time and tokens, and each is megabytes."""

_ALMOST: Seconds = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionSettings:
    """What a model that sees is shown with each answer.

    Args:
        frames: how many pictures, the newest one included; 0 shows nothing by itself.
        fps: how far apart they were taken, in pictures a second.
    """

    frames: int = 2
    fps: float = 1.0

    def __post_init__(self) -> None:
        """Refuse more than a model should be given."""
        if not 0 <= self.frames <= MOST_FRAMES:
            raise ValueError(f"frames must be 0 to {MOST_FRAMES}, not {self.frames}.")
        if not 0 < self.fps <= 30:
            raise ValueError(f"fps must be more than 0 and at most 30, not {self.fps}.")


class FrameWindow:
    """Keeps the newest pictures of one track.

    Args:
        settings: how many, and how far apart.
    """

    def __init__(self, settings: VisionSettings) -> None:
        self._settings = settings
        self._interval: Seconds = 1 / settings.fps
        self._kept: list[VideoFrame] = []
        self._track: VideoTrack | None = None
        self._last: Seconds | None = None

    def look_at(self, track: VideoTrack | None) -> None:
        """Keep pictures of this track from now on, and forget those of another; None keeps none."""
        if track is self._track:
            return
        if self._track is not None:
            self._track.unwatch(self._take)
        self._track, self._last = track, None
        self._kept.clear()
        if track is not None:
            track.watch(self._take)

    def newest(self, count: int | None = None) -> tuple[VideoFrame, ...]:
        """Give up to `count` pictures, as many as the settings say by default; the last one is the newest."""
        count = self._settings.frames if count is None else count
        latest = self._track.latest if self._track is not None else None
        if latest is None or count < 1:
            return ()
        before = latest.captured_at - self._interval / 2
        earlier = [frame for frame in self._kept if frame.captured_at <= before]
        return (*earlier[max(0, len(earlier) - count + 1) :], latest)

    def _take(self, frame: VideoFrame) -> None:
        if self._last is None or frame.captured_at - self._last >= self._interval - _ALMOST:
            self._last = frame.captured_at
            self._kept.append(frame)
            del self._kept[: -self._settings.frames - 1]
