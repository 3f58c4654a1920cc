"""Port: what works on a call's pictures and sound beside the conversation, or makes some."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.track import AudioTrack
from vision_agents.core.types.component import Component
from vision_agents.core.types.people import Participant
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.track import VideoTrack


class Processor(Component, ABC):
    """Something that works beside the conversation; where it fails, the conversation goes on without it.

    It is warmed up once a process, then attached and started before the agent joins, and closed after it has
    left.
    """

    name: str = "processor"
    """In log records and events."""

    def attach_agent(self, agent: Any) -> None:
        """Get to know the `Agent`, before it joins: its ``events``, its ``session``."""


class VideoProcessor(Processor):
    """Looks at what somebody shows."""

    @abstractmethod
    async def process_video(
        self,
        track: VideoTrack,
        participant_id: str | None,
        shared_forwarder: VideoForwarder | None = None,
    ) -> None:
        """Begin to work on a track, and return: add a frame handler to the forwarder.

        Called again when another track is the better one (a shared screen before a camera); the forwarder
        of the one before has been stopped by then.

        Args:
            track: the pictures.
            participant_id: who shows them; None for a file.
            shared_forwarder: gives them to all handlers of this processor, at the rate each asks for, 30 a
                second at most; it is stopped before `stop_processing`.
        """

    @abstractmethod
    async def stop_processing(self) -> None:
        """End the work: nobody shows anything any more."""


class VideoPublisher(Processor):
    """Makes pictures that the others in the call see."""

    @abstractmethod
    def publish_video_track(self) -> VideoTrack:
        """Give the track; each picture that is pushed into it is shown at once."""


class VideoProcessorPublisher(VideoProcessor, VideoPublisher):
    """Draws on what somebody shows; a model that sees is shown the result in its place."""


class AudioProcessor(Processor):
    """Listens to the participants."""

    @abstractmethod
    async def process_audio(self, pcm: PcmData, participant: Participant) -> None:
        """Take the next piece of one participant's audio, one piece at a time.

        It may be slow: up to 8 s wait for it, then the oldest are dropped. Keys that are kept secret are
        not in it.
        """


class AudioPublisher(Processor):
    """Makes sound that the others in the call hear, beside the agent's voice."""

    @abstractmethod
    def publish_audio_track(self) -> AudioTrack:
        """Give the track; what is pushed into it is heard at once."""


class AudioProcessorPublisher(AudioProcessor, AudioPublisher):
    """Listens, and makes sound."""
