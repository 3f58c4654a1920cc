"""Port: a model that looks at a track by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod

from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.track import VideoTrack


class VideoLLM(ABC):
    """What an `LLM` or a `Realtime` model is, too, when it takes pictures as they come.

    A model that is only shown a few pictures with each question needs none of this: its profile says
    `vision`.
    """

    @abstractmethod
    async def watch_video_track(
        self, track: VideoTrack, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        """Look at a track from now on, in place of the one before, and return."""

    @abstractmethod
    async def stop_watching_video_track(self) -> None:
        """Look at nothing any more."""
