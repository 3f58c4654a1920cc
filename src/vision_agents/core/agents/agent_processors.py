"""The processors of an agent, and what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.llm.video import VideoLLM
from vision_agents.core.media.local_file import MediaPath
from vision_agents.core.processors.processor import (
    AudioProcessor,
    AudioPublisher,
    Processor,
    VideoProcessor,
    VideoPublisher,
)
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.window import MOST_FRAMES, VisionSettings

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession


class AgentProcessors:
    """The part of an agent that works on pictures and sound beside the conversation."""

    session: AgentSession | None
    pipeline: Pipeline | None
    processors: Sequence[Processor]
    vision: VisionSettings
    video_track_override_path: MediaPath | None = None
    media_root: MediaPath | None = None

    @property
    def video_processors(self) -> list[VideoProcessor]:
        """Those that look at what somebody shows."""
        return [one for one in self.processors if isinstance(one, VideoProcessor)]

    @property
    def video_publishers(self) -> list[VideoPublisher]:
        """Those that make pictures; the first one is seen."""
        return [one for one in self.processors if isinstance(one, VideoPublisher)]

    @property
    def audio_processors(self) -> list[AudioProcessor]:
        """Those that listen to the participants."""
        return [one for one in self.processors if isinstance(one, AudioProcessor)]

    @property
    def audio_publishers(self) -> list[AudioPublisher]:
        """Those that make sound; the first one is heard."""
        return [one for one in self.processors if isinstance(one, AudioPublisher)]

    @property
    def sees(self) -> bool:
        """Whether its model can be shown pictures with a question."""
        llm = self.pipeline.llm if self.pipeline is not None else None
        return llm is not None and llm.profile.vision

    @property
    def takes_video(self) -> bool:
        """Whether any part of it looks at what somebody shows."""
        model = self.pipeline.model if self.pipeline is not None else None
        return self.sees or isinstance(model, VideoLLM) or bool(self.video_processors)

    @property
    def takes_media(self) -> bool:
        """Whether anything works beside the conversation."""
        return bool(self.processors) or self.takes_video

    def set_video_track_override_path(
        self, path: MediaPath | None, *, media_root: MediaPath | None = None
    ) -> None:
        """Let a local video file take the place of every incoming video track, round and round.

        Args:
            path: of a regular file; never taken for a URL. None for live video.
            media_root: where it is set, the file must lie inside of this folder, symbolic links followed.
        """
        self.video_track_override_path = path
        self.media_root = media_root

    def capture_frames(self, num_of_frames: int = 1) -> list[VideoFrame]:
        """Give the newest pictures of what somebody shows, the newest one last; as many as there are.

        More than one needs a model that sees: for it they are kept.

        Raises:
            ValueError: fewer than one or more than five are asked for.
        """
        if not 1 <= num_of_frames <= MOST_FRAMES:
            raise ValueError(f"num_of_frames must be 1 to {MOST_FRAMES}, not {num_of_frames}.")
        return list(self.session.processing.frames(num_of_frames)) if self.session is not None else []
