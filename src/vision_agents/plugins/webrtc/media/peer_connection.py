"""aiortc's peer connection with our own audio in it; what it touches of its private names is in this file."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aioice.ice import Connection
from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpTransceiver
from aiortc.exceptions import InvalidStateError
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media import rtp_seam
from vision_agents.plugins.webrtc.media.audio_receiver import AudioReceiver
from vision_agents.plugins.webrtc.media.audio_sender import AudioSender
from vision_agents.plugins.webrtc.media.ice import prepare_ice
from vision_agents.plugins.webrtc.media.inbound import InboundAudio
from vision_agents.plugins.webrtc.media.settings import IceServer, PeerSettings
from vision_agents.plugins.webrtc.media.stats import OutboundStats

logger = logging.getLogger("vision_agents.plugins.webrtc")

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001

_OPUS = RTCRtpCodecCapability(mimeType="audio/opus", clockRate=48000, channels=2, parameters={})
_FORMAT = {"minptime": 10, "useinbandfec": 1}
"""What we ask of the browser's encoder: mono, which is the default, with spare copies in case of loss."""


class MediaConnection(RTCPeerConnection):
    """A peer connection for one voice each way: our sender and receiver in the place of aiortc's.

    Args:
        settings: ICE servers and addresses.
        inbound: takes the browser's voice.
        outbound: counts what is sent.
    """

    def __init__(self, settings: PeerSettings, inbound: InboundAudio, outbound: OutboundStats) -> None:
        # An empty list, never None: that would stand for a public server.
        servers = [_ice_server(server) for server in settings.ice_servers]
        super().__init__(RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._settings = settings
        self._inbound = inbound
        self._outbound = outbound
        self._connecting: set[asyncio.Task[Any]] = set()
        self.audio: AudioSender | None = None

    @property
    def ice(self) -> Connection:
        """The ICE connection under everything."""
        return self.getTransceivers()[0].receiver.transport.transport._connection

    def ask_for_spare_copies(self) -> None:
        """Ask, in the answer, for Opus with error correction."""
        for transceiver in self.getTransceivers():
            for codec in transceiver._codecs:
                if codec.mimeType.lower() == "audio/opus":
                    codec.parameters = dict(_FORMAT)

    @property
    def has_addresses(self) -> bool:
        """Whether there is an address at which the browser can find us."""
        return bool(self.ice.local_candidates)

    async def close_within(self, timeout: Seconds) -> None:  # noqa: ASYNC109 - it goes on without what took too long
        """Close, in bounded time: what aiortc does not end by then loses its sockets."""
        try:
            async with asyncio.timeout(timeout):
                await self.close()
                if self._connecting:
                    await asyncio.wait(self._connecting)
        except TimeoutError:
            logger.warning("A peer connection did not close in time")
            if self.getTransceivers():
                await self.ice.close()

    def _RTCPeerConnection__createTransceiver(  # noqa: N802 - the name of what it extends
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        stock: Any = super()
        transceiver: RTCRtpTransceiver = stock._RTCPeerConnection__createTransceiver(
            direction, kind, sender_track
        )
        if kind == "audio" and self.audio is None:
            self._put_own_audio(transceiver)
        return transceiver

    def _put_own_audio(self, transceiver: RTCRtpTransceiver) -> None:
        transport = transceiver.receiver.transport
        receiver = AudioReceiver(transport, self._inbound)
        sender = AudioSender(transport, self._outbound, receiver.reports)
        sender._stream_id = transceiver.sender._stream_id
        parts: Any = transceiver
        parts._RTCRtpTransceiver__receiver = receiver
        parts._RTCRtpTransceiver__sender = sender
        transceiver.setCodecPreferences([_OPUS])
        transceiver.direction = "sendrecv"
        self.audio = sender

    def _RTCPeerConnection__createDtlsTransport(self) -> Any:  # noqa: N802 - the name of what it extends
        stock: Any = super()
        transport: Any = stock._RTCPeerConnection__createDtlsTransport()
        rtp_seam.drop_when_closed(transport)
        prepare_ice(transport.transport._connection, self._settings)
        return transport

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802 - the name of what it extends
        task = asyncio.current_task()
        assert task is not None
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        stock: Any = super()
        try:
            await stock._RTCPeerConnection__connect()
        except InvalidStateError:
            if self.signalingState != "closed":  # before aiortc 1.16 it does not look whether it is closed
                raise


def _ice_server(server: IceServer) -> RTCIceServer:
    return RTCIceServer(urls=server.url, username=server.username, credential=server.credential)
