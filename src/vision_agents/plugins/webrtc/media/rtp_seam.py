"""What this package needs of aiortc's transports and its API does not offer; only here are they touched."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from OpenSSL import SSL

if TYPE_CHECKING:
    from aiortc.rtcdtlstransport import RTCDtlsTransport
    from aiortc.rtcrtpparameters import RTCRtpReceiveParameters, RTCRtpSendParameters
    from aiortc.rtcrtpreceiver import RTCRtpReceiver
    from aiortc.rtcrtpsender import RTCRtpSender

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001

__all__ = ["add_receiver", "add_sender", "remove_receiver", "remove_sender", "send_now"]


def send_now(transport: RTCDtlsTransport, data: bytes) -> bool:
    """Send an RTP or RTCP packet without waiting; False where the connection is gone.

    The transport's own method is a coroutine that never suspends, so one step runs it to its end: no task
    and no turn of the event loop for each packet.
    """
    sending = transport._send_rtp(data)
    try:
        sending.send(None)
    except StopIteration:
        return True
    except ConnectionError:
        return False
    sending.close()
    raise RuntimeError("This version of aiortc suspends while it sends: use one that pyproject.toml names.")


def drop_when_closed(transport: RTCDtlsTransport) -> None:
    """Let messages that nobody can hear any more get lost.

    aiortc sends them from tasks of their own that nobody awaits: what they raise would be reported as an
    exception never retrieved. A message that must arrive is sent again by the layer above.
    """
    send = transport._send_data

    async def send_or_drop(data: bytes) -> None:
        with contextlib.suppress(ConnectionError, SSL.Error):
            await send(data)

    transport._send_data = send_or_drop


def add_receiver(
    transport: RTCDtlsTransport, receiver: RTCRtpReceiver, parameters: RTCRtpReceiveParameters
) -> None:
    """Let a receiver have the packets of its stream."""
    transport._register_rtp_receiver(receiver, parameters)


def remove_receiver(transport: RTCDtlsTransport, receiver: RTCRtpReceiver) -> None:
    """Let a receiver have none any more."""
    transport._unregister_rtp_receiver(receiver)


def add_sender(transport: RTCDtlsTransport, sender: RTCRtpSender, parameters: RTCRtpSendParameters) -> None:
    """Let a sender have the reports of its stream."""
    transport._register_rtp_sender(sender, parameters)


def remove_sender(transport: RTCDtlsTransport, sender: RTCRtpSender) -> None:
    """Let a sender have none any more."""
    transport._unregister_rtp_sender(sender)
