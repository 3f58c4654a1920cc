"""The receiver of the browser's voice: packets are decoded as they come, on the event loop, in no thread."""

from __future__ import annotations

import time

from aiortc import RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import AnyRtcpPacket, RtcpReceiverInfo, RtcpSrPacket, RtpPacket

from vision_agents.plugins.webrtc.media import rtp_seam
from vision_agents.plugins.webrtc.media.inbound import InboundAudio

CLOCK_RATE = 48_000


class AudioReceiver(RTCRtpReceiver):
    """Hands the packets of an Opus stream to `inbound`, and knows what a receiver report says of them."""

    def __init__(self, transport: RTCDtlsTransport, inbound: InboundAudio) -> None:
        super().__init__("audio", transport)
        self._inbound = inbound
        self._payload_types: frozenset[int | None] = frozenset()
        self._source: int | None = None
        self._statistics = StreamStatistics(CLOCK_RATE)
        self._sender_report: tuple[int, float] | None = None  # middle of its stamp, and when it came

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin to take packets."""
        if not self._payload_types:
            self._payload_types = frozenset(
                codec.payloadType for codec in parameters.codecs if codec.name.lower() == "opus"
            )
            rtp_seam.add_receiver(self.transport, self, parameters)

    async def stop(self) -> None:
        """Take no packets any more."""
        self._inbound.close()
        if self._payload_types:
            self._payload_types = frozenset()
            rtp_seam.remove_receiver(self.transport, self)

    def reports(self) -> list[RtcpReceiverInfo]:
        """Say how the browser's packets arrive; empty where none has come."""
        if self._source is None:
            return []
        last_report, delay = 0, 0
        if self._sender_report is not None:
            last_report = self._sender_report[0]
            delay = min(0xFFFFFFFF, int((time.monotonic() - self._sender_report[1]) * 65536))
        statistics = self._statistics
        return [
            RtcpReceiverInfo(
                ssrc=self._source,
                fraction_lost=statistics.fraction_lost,
                packets_lost=statistics.packets_lost,
                highest_sequence=(statistics.cycles + (statistics.max_seq or 0)) & 0xFFFFFFFF,
                jitter=statistics.jitter,
                lsr=last_report,
                dlsr=delay,
            )
        ]

    def _handle_disconnect(self) -> None:
        self._inbound.close()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            stamp = (packet.sender_info.ntp_timestamp >> 16) & 0xFFFFFFFF
            self._sender_report = (stamp, time.monotonic())

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if not self._enabled or packet.payload_type not in self._payload_types:
            return
        if packet.ssrc != self._source:
            self._source = packet.ssrc
            self._statistics = StreamStatistics(CLOCK_RATE)
        self._statistics.add(packet)
        self._inbound.add(packet.ssrc, packet.sequence_number, packet.payload)
