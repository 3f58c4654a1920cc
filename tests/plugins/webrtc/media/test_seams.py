"""The private names of aiortc and aioice that we lean on: each of these fails when one goes away."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import inspect

import pytest
from aioice.ice import Connection
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from tests.plugins.webrtc.media.browser import call

from vision_agents.plugins.webrtc.media.audio_receiver import AudioReceiver
from vision_agents.plugins.webrtc.media.audio_sender import AudioSender
from vision_agents.plugins.webrtc.media.rtp_seam import send_now


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (
            RTCPeerConnection,
            "_RTCPeerConnection__createTransceiver",
            ["self", "direction", "kind", "sender_track"],
        ),
        (RTCPeerConnection, "_RTCPeerConnection__createDtlsTransport", ["self"]),
        (RTCPeerConnection, "_RTCPeerConnection__connect", ["self"]),
        (RTCDtlsTransport, "_send_rtp", ["self", "data"]),
        (RTCDtlsTransport, "_send_data", ["self", "data"]),
        (RTCDtlsTransport, "_register_rtp_receiver", ["self", "receiver", "parameters"]),
        (RTCDtlsTransport, "_unregister_rtp_receiver", ["self", "receiver"]),
        (RTCDtlsTransport, "_register_rtp_sender", ["self", "sender", "parameters"]),
        (RTCDtlsTransport, "_unregister_rtp_sender", ["self", "sender"]),
        (Connection, "get_component_candidates", ["self", "component", "addresses", "timeout"]),
        (Connection, "query_consent", ["self"]),
        (Connection, "build_request", ["self", "pair", "nominate"]),
    ],
)
def test_the_methods_are_there_with_the_parameters_we_give(
    owner: type, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


async def test_a_connection_uses_our_audio_our_addresses_and_our_consent() -> None:
    async with call() as (_, peer, _heard):
        connection = peer._connection
        assert connection is not None
        transceiver = connection.getTransceivers()[0]
        assert isinstance(transceiver.receiver, AudioReceiver)
        assert isinstance(transceiver.sender, AudioSender)
        assert transceiver.sender is connection.audio
        assert {one.host for one in connection.ice.local_candidates} == {"127.0.0.1"}
        assert len(connection.ice._nominated) == 1
        assert "_ask" in repr(connection.ice.query_consent)
        assert send_now(transceiver.receiver.transport, bytes(12)) is True
        assert hasattr(RTCRtpTransceiver("audio", transceiver.receiver, transceiver.sender), "_codecs")
    assert send_now(transceiver.receiver.transport, bytes(12)) is False


async def test_a_message_that_nobody_can_hear_any_more_is_dropped_in_silence() -> None:
    async with call() as (_, peer, _heard):
        assert peer._connection is not None
        transport = peer._connection.getTransceivers()[0].receiver.transport
        assert transport._ssl is not None
        transport._ssl.shutdown()
        await transport._send_data(b"too late")
    await transport._send_data(b"much too late")


class _Suspends:
    async def _send_rtp(self, data: bytes) -> None:
        import asyncio

        await asyncio.sleep(0)


async def test_a_version_that_suspends_while_it_sends_is_refused_loudly() -> None:
    with pytest.raises(RuntimeError, match="suspends"):
        send_now(_Suspends(), b"")  # type: ignore[arg-type]
