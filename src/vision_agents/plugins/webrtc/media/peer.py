"""One browser: it offers, we answer, and then sound, pictures and messages go both ways."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from aiortc import RTCDataChannel, RTCSessionDescription

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import BadOffer, EdgeError
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.media.ice import watch_consent
from vision_agents.plugins.webrtc.media.inbound import InboundAudio
from vision_agents.plugins.webrtc.media.liveness import Liveness
from vision_agents.plugins.webrtc.media.messages import Messages
from vision_agents.plugins.webrtc.media.offer import checked_offer
from vision_agents.plugins.webrtc.media.peer_connection import MediaConnection
from vision_agents.plugins.webrtc.media.settings import PeerSettings
from vision_agents.plugins.webrtc.media.stats import PeerStats
from vision_agents.plugins.webrtc.media.video_in import receive_frames
from vision_agents.plugins.webrtc.media.video_out import OutgoingVideo
from vision_agents.plugins.webrtc.peers import PeerListener

logger = logging.getLogger("vision_agents.plugins.webrtc")

Arguments = ParamSpec("Arguments")

_KINDS = (TrackType.VIDEO, TrackType.SCREEN_SHARE)
"""What the video lines of an offer carry, in their order."""


class Peer:
    """A peer connection that answers one offer.

    Args:
        listener: who hears from it.
        settings: how it reaches the browser, and what it accepts.
    """

    def __init__(self, listener: PeerListener, settings: PeerSettings) -> None:
        self._listener = listener
        self._settings = settings
        self.stats = PeerStats()
        self._scope = TaskScope("peer")
        self._messages = Messages(self._guarded(listener.on_message), self.stats.messages)
        self._liveness = Liveness(
            settings,
            on_connected=self._guarded(listener.on_connected),
            on_interrupted=self._guarded(listener.on_interrupted),
            on_lost=lambda: self._end("The network is lost"),
        )
        self._inbound = InboundAudio(
            self._guarded(listener.on_audio), self.stats.inbound, heard=self._liveness.hear
        )
        self._connection: MediaConnection | None = None
        self._video: OutgoingVideo | None = None
        self._over = False
        self._closing: asyncio.Future[None] | None = None

    async def accept(self, offer_sdp: str) -> str:
        """Answer an offer that has all its candidates; the answer has all of ours.

        Raises:
            BadOffer: the offer is none, or not one that a call can be made of.
            EdgeError: it has answered one already, or is closed; or there is no address to offer.
        """
        if self._connection is not None or self._over:
            raise EdgeError("A peer answers one offer: make another peer for another offer.")
        offer = checked_offer(offer_sdp, self._settings)
        connection = MediaConnection(self._settings, self._inbound, self.stats.outbound)
        self._connection = connection
        connection.on("datachannel", self._on_channel)
        connection.on("connectionstatechange", self._on_state)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        except Exception as error:  # whatever a hostile offer makes the parser raise
            await self.close()
            raise BadOffer("The offer cannot be understood: send what the browser made, complete.") from error
        self._prepare(connection)
        self._liveness.start()
        await connection.setLocalDescription(await connection.createAnswer())
        if not connection.has_addresses:
            await self.close()
            raise EdgeError("No network address could be used: check host_addresses of the WebRTC edge.")
        return connection.localDescription.sdp

    @property
    def unplayed(self) -> Seconds:
        """How much of what was sent has not left yet."""
        audio = self._connection and self._connection.audio
        return audio.playout.unplayed if audio else 0.0

    def send_audio(self, frame: PcmData) -> None:
        """Play 20 ms of mono int16 at 48 kHz after what waits; discarded before the connection stands."""
        audio = self._connection and self._connection.audio
        if audio:
            audio.playout.push(frame)
        else:
            self.stats.outbound.discarded += 1

    def flush_audio(self, last: PcmData | None = None) -> None:
        """Drop what waits, and end with `last`, a frame that fades out."""
        audio = self._connection and self._connection.audio
        if audio:
            audio.playout.flush(last)

    def send_message(self, data: Mapping[str, object]) -> None:
        """Send a JSON object on the data channel; where there is no way out it is dropped and counted."""
        self._messages.send(data)

    def send_video(self, frame: VideoFrame) -> None:
        """Show a picture; the newest wins. Nothing happens where the browser asked for no video."""
        if self._video is not None:
            self._video.show(frame)

    async def close(self) -> None:
        """End everything, in bounded time; the listener hears nothing more."""
        self._over = True
        if self._closing is not None:
            await asyncio.shield(self._closing)
            return
        self._closing = asyncio.get_running_loop().create_future()
        try:
            await self._close()
        finally:
            self._closing.set_result(None)

    async def _close(self) -> None:
        self._liveness.stop()
        self._messages.close()
        self._inbound.close()
        if self._connection is not None:
            await self._connection.close_within(self._settings.close_timeout)
        await self._scope.close()

    def _prepare(self, connection: MediaConnection) -> None:
        """Set up what the offer has lines for."""
        if connection.audio is None:
            raise EdgeError("This version of aiortc is not supported: use one that pyproject.toml names.")
        connection.ask_for_spare_copies()
        watch_consent(connection.ice, self._liveness.hear)
        videos = [one for one in connection.getTransceivers() if one.kind == "video"]
        for kind, transceiver in zip(_KINDS, videos, strict=False):
            if kind is TrackType.VIDEO:
                self._video = OutgoingVideo()
                transceiver.sender.replaceTrack(self._video)
                transceiver.direction = "sendrecv"
            if track := transceiver.receiver.track:
                self._scope.start(self._receive_video(kind, track), name=f"video_{kind.name.lower()}")

    async def _receive_video(self, kind: TrackType, track: Any) -> None:
        await receive_frames(
            track,
            lambda frame: self._on_picture(kind, frame),
            lambda: self._tell(self._listener.on_video_ended, kind),
        )

    def _on_picture(self, kind: TrackType, frame: VideoFrame) -> None:
        self.stats.video_frames += 1
        self._tell(self._listener.on_video, kind, frame)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        self._messages.attach(channel)

    def _on_state(self) -> None:
        assert self._connection is not None
        state = self._connection.connectionState
        if state == "connected":
            self._liveness.hear()
        elif state == "closed":
            self._end("The browser has closed the connection")
        elif state == "failed":
            self._end("The connection failed")

    def _end(self, detail: str) -> None:
        if self._over:
            return
        self._liveness.stop()
        self._tell(self._listener.on_closed, detail)
        self._over = True

    def _guarded(self, tell: Callable[Arguments, None]) -> Callable[Arguments, None]:
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            self._tell(tell, *args, **kwargs)

        return guarded

    def _tell(
        self, tell: Callable[Arguments, None], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> None:
        """Call the listener: what it raises must not end aiortc's own tasks."""
        if self._over:
            return
        try:
            tell(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it must not end aiortc's own tasks
            self.stats.errors += 1
            logger.error("A listener of a peer connection failed", extra=failure_fields(error))
