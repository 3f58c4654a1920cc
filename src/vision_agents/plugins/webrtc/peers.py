"""What a call needs of one peer connection; `media.peer` has the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame


class PeerEars(Protocol):
    """Who hears from a peer connection; every method is called on the event loop and must not wait."""

    def on_audio(self, pcm: PcmData) -> None:
        """Mono int16, 20 ms at 48 kHz, in order."""

    def on_video(self, kind: TrackType, frame: VideoFrame) -> None:
        """A picture of the camera or the screen."""

    def on_video_ended(self, kind: TrackType) -> None:
        """The camera or the screen is not shown any more."""

    def on_message(self, data: Mapping[str, object]) -> None:
        """A JSON object from the page."""

    def on_connected(self) -> None:
        """Media and messages flow, for the first time or again."""

    def on_interrupted(self) -> None:
        """Nothing has been heard for a while."""

    def on_closed(self, detail: str) -> None:
        """It is gone for good."""


class MediaPeer(Protocol):
    """One peer connection."""

    async def accept(self, offer_sdp: str) -> str:
        """Take a complete offer; gives the complete answer."""
        ...

    def send_audio(self, frame: PcmData) -> None:
        """Play 20 ms at 48 kHz, mono int16."""

    def flush_audio(self, last: PcmData | None) -> None:
        """Drop what was not played yet, and end with `last`."""

    @property
    def unplayed(self) -> Seconds:
        """How much was not played yet."""
        ...

    def send_message(self, data: Mapping[str, object]) -> None:
        """Send JSON to the page."""

    def send_video(self, frame: VideoFrame) -> None:
        """Show a picture; the newest wins."""

    async def close(self) -> None:
        """End it, in bounded time."""


NewPeer: TypeAlias = Callable[[PeerEars], MediaPeer]
