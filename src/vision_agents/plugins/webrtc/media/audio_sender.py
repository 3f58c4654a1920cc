"""The sender of the agent's voice: an output clock encodes and sends each frame itself, in no task."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from typing import cast

from aiortc import RTCRtpSender, clock
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import (
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media import rtp_seam
from vision_agents.plugins.webrtc.media.opus import SILENT_PACKET, OpusEncoder, Samples
from vision_agents.plugins.webrtc.media.playout import FRAME_SAMPLES, SILENCE, Playout
from vision_agents.plugins.webrtc.media.stats import OutboundStats

_HEADER = struct.Struct("!BBHLL")
_VERSION = 0x80
_SDES_CNAME = 1
_FADE_FRAMES = 10
"""So many silent frames are encoded before a pause, so that encoder and decoder agree on what was before."""


class AudioSender(RTCRtpSender):
    """Sends what its playout emits as Opus, and a report on both directions about once a second.

    Args:
        transport: what it sends over.
        stats: where to count.
        reports: what the report says of the other direction.
    """

    def __init__(
        self,
        transport: RTCDtlsTransport,
        stats: OutboundStats,
        reports: Callable[[], list[RtcpReceiverInfo]],
    ) -> None:
        super().__init__("audio", transport)
        self.playout = Playout(self._send_frame, stats)
        self._reports = reports
        self._encoder = OpusEncoder()
        self._payload_type: int | None = None
        self._cname = b""
        self._silent = 0
        self._sequence = random.randrange(1 << 15)  # noqa: S311 - a low start keeps the cipher from wrapping early
        self._origin = random.randrange(1 << 32)  # noqa: S311 - no secret
        self._timestamp = 0
        self._packets = 0
        self._octets = 0
        self._report_timer: asyncio.TimerHandle | None = None

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begin to send."""
        if self._payload_type is None:
            self._payload_type = parameters.codecs[0].payloadType
            self._cname = parameters.rtcp.cname.encode() if parameters.rtcp.cname else b"agent"
            rtp_seam.add_sender(self.transport, self, parameters)
            self.playout.start()
            self._schedule_report()

    async def stop(self) -> None:
        """Send nothing more, and say so."""
        self.playout.stop()
        if self._report_timer is not None:
            self._report_timer.cancel()
            self._report_timer = None
        if self._payload_type is not None:
            self._payload_type = None
            rtp_seam.remove_sender(self.transport, self)
            self._send_rtcp_now([RtcpByePacket(sources=[self._ssrc])])

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        """Nothing in a report changes what is sent."""

    def _send_frame(self, frame: PcmData, slot: int) -> None:
        payload = self._encode(frame)
        if not self._enabled or self._payload_type is None or not payload:
            return
        self._timestamp = (self._origin + slot * FRAME_SAMPLES) & 0xFFFFFFFF
        header = _HEADER.pack(_VERSION, self._payload_type, self._sequence, self._timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        if rtp_seam.send_now(self.transport, header + payload):
            self._packets += 1
            self._octets += len(payload)

    def _encode(self, frame: PcmData) -> bytes:
        """Encode; a pause that lasts is one packet over and over, which costs nothing to make."""
        self._silent = self._silent + 1 if frame is SILENCE else 0
        if self._silent > _FADE_FRAMES:
            return SILENT_PACKET
        return self._encoder.encode(cast("Samples", frame.samples))

    def _schedule_report(self) -> None:
        # Spread at random, as the standard asks, so that the reports of many calls do not fall together.
        delay = 0.5 + random.random()  # noqa: S311 - no secret
        self._report_timer = asyncio.get_running_loop().call_later(delay, self._report)

    def _report(self) -> None:
        sender = RtcpSenderInfo(
            ntp_timestamp=clock.current_ntp_time(),
            rtp_timestamp=self._timestamp,
            packet_count=self._packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        source = RtcpSourceInfo(ssrc=self._ssrc, items=[(_SDES_CNAME, self._cname)])
        self._send_rtcp_now(
            [
                RtcpSrPacket(ssrc=self._ssrc, sender_info=sender, reports=self._reports()),
                RtcpSdesPacket(chunks=[source]),
            ]
        )
        self._schedule_report()

    def _send_rtcp_now(self, packets: list[AnyRtcpPacket]) -> None:
        rtp_seam.send_now(self.transport, b"".join(bytes(packet) for packet in packets))
