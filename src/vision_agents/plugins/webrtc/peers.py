"""What a call needs of one peer connection; `media.peer` has the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame


class PeerListener(Protocol):
    """Who hears from a peer; every method is called on the event loop and must not wait."""

    def on_audio(self, pcm: PcmData) -> None:
        """20 ms of mono int16 at 48 kHz, in order; short losses are concealed."""

    def on_video(self, kind: TrackType, frame: VideoFrame) -> None:
        """A picture of the camera (``VIDEO``) or of the screen (``SCREEN_SHARE``)."""

    def on_video_ended(self, kind: TrackType) -> None:
        """No more pictures of that kind, for now."""

    def on_message(self, data: Mapping[str, object]) -> None:
        """A JSON object from the data channel."""

    def on_connected(self) -> None:
        """The browser is there; also after an interruption that passed."""

    def on_interrupted(self) -> None:
        """The browser has been silent for some seconds; it may come back."""

    def on_closed(self, detail: str) -> None:
        """The browser is gone for good; told once, and not after `close`."""


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


NewPeer: TypeAlias = Callable[[PeerListener], MediaPeer]
