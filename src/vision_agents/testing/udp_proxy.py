"""A bad network in the process: a UDP proxy between two WebRTC peers, with loss and delay from a seed.

::

    async with UdpProxy(NetworkConditions(loss=0.03, delay_ms=(20, 30), seed=7)) as proxy:
        answer = await answer_of_the_server(proxy.rewrite_offer(offer))
        await client.setRemoteDescription(proxy.rewrite_answer(answer))
        ...
        proxy.cut()      # the network is gone, both ways
        proxy.restore()

The descriptions are rewritten so that the two can only meet through the proxy. One pair of peers a proxy.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

_DISCARD_PORT = 9
_CANDIDATE = "a=candidate:"
_MEDIA_FIRST_BYTES = range(128, 192)
_RTCP_SECOND_BYTES = range(192, 224)

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConditions:
    """What happens to packets on their way, in each direction.

    Args:
        loss: probability that a media packet (RTP, RTCP) is lost; handshakes and messages pass.
        delay_ms: each packet is late by something between these two; (0, 0) passes it on at once.
        seed: the same seed loses the same packets, counted from the first of each direction.
    """

    loss: float = 0.0
    delay_ms: tuple[float, float] = (0.0, 0.0)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what no network does."""
        if not 0.0 <= self.loss <= 1.0:
            raise ValueError(f"loss must be between 0 and 1, not {self.loss}.")
        if not 0.0 <= self.delay_ms[0] <= self.delay_ms[1]:
            raise ValueError(f"delay_ms must be a range of delays >= 0, not {self.delay_ms}.")


class Direction:
    """One way through the proxy, and what it counted.

    `lost_frames` are the positions of the lost RTP packets among all RTP packets of this direction.
    """

    def __init__(self, conditions: NetworkConditions, seed: str) -> None:
        self._conditions = conditions
        self._losses = random.Random(f"{seed} losses")  # noqa: S311 - a test's pattern
        self._delays = random.Random(f"{seed} delays")  # noqa: S311 - a test's pattern
        self.rtp = 0
        self.rtcp = 0
        self.other = 0
        self.lost_frames: list[int] = []
        self.lost_rtcp = 0

    def loses(self, data: bytes) -> bool:
        """Count a packet and say whether it is lost."""
        if not data or data[0] not in _MEDIA_FIRST_BYTES:
            self.other += 1
            return False
        lost = self._losses.random() < self._conditions.loss
        if len(data) > 1 and data[1] in _RTCP_SECOND_BYTES:
            self.rtcp += 1
            self.lost_rtcp += lost
            return lost
        self.rtp += 1
        if lost:
            self.lost_frames.append(self.rtp - 1)
        return lost

    def delay(self) -> float:
        """Draw a delay, in seconds."""
        low, high = self._conditions.delay_ms
        return self._delays.uniform(low, high) / 1000


class UdpProxy:
    """Stands between a client, which offers, and a server, which answers; an async context manager.

    Args:
        conditions: what happens to packets.
        host: the address it listens on.
    """

    def __init__(self, conditions: NetworkConditions, *, host: str = "127.0.0.1") -> None:
        self._host = host
        self.up = Direction(conditions, f"{conditions.seed} up")
        """From the client to the server."""
        self.down = Direction(conditions, f"{conditions.seed} down")
        """From the server to the client."""
        self._client: Address | None = None
        self._server: Address | None = None
        self._front: asyncio.DatagramTransport | None = None
        self._back: asyncio.DatagramTransport | None = None
        self._cut = False

    async def __aenter__(self) -> UdpProxy:
        """Open both sockets."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._from_client), local_addr=(self._host, 0)
        )
        self._back, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._from_server), local_addr=(self._host, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        self._cut = True
        for transport in (self._front, self._back):
            if transport is not None:
                transport.close()
        await asyncio.sleep(0)  # the sockets close in the loop's next turn

    def rewrite_offer(self, sdp: str) -> str:
        """Hide where the client is: its candidates point nowhere."""
        return self._rewrite(sdp, (self._host, _DISCARD_PORT))

    def rewrite_answer(self, sdp: str) -> str:
        """Put the proxy in the place of the server.

        Raises:
            ValueError: the answer has no candidate.
        """
        found = [line.split() for line in sdp.splitlines() if line.startswith(_CANDIDATE)]
        if not found:
            raise ValueError("The answer has no candidate: send a complete one.")
        assert self._front is not None
        self._server = (found[0][4], int(found[0][5]))
        return self._rewrite(sdp, self._front.get_extra_info("sockname"))

    def cut(self) -> None:
        """Lose everything, both ways, until `restore`."""
        self._cut = True

    def restore(self) -> None:
        """End a `cut`."""
        self._cut = False

    def _rewrite(self, sdp: str, address: Address) -> str:
        lines: list[str] = []
        for line in sdp.splitlines():
            if not line.startswith(_CANDIDATE):
                lines.append(line)
            elif not lines[-1].startswith(_CANDIDATE):  # one for each line of media
                lines.append(f"{_CANDIDATE}1 1 udp 2130706431 {address[0]} {address[1]} typ host")
        return "\r\n".join(lines) + "\r\n"

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._pass_on(data, self.up, self._back, self._server)

    def _from_server(self, data: bytes, _: Address) -> None:
        self._pass_on(data, self.down, self._front, self._client)

    def _pass_on(
        self,
        data: bytes,
        direction: Direction,
        transport: asyncio.DatagramTransport | None,
        to: Address | None,
    ) -> None:
        if self._cut or to is None or transport is None or direction.loses(data):
            return
        if delay := direction.delay():
            asyncio.get_running_loop().call_later(delay, self._send, transport, data, to)
        else:
            self._send(transport, data, to)

    def _send(self, transport: asyncio.DatagramTransport, data: bytes, to: Address) -> None:
        if not self._cut:
            transport.sendto(data, to)


class _Ear(asyncio.DatagramProtocol):
    """A socket that hands on what it hears."""

    def __init__(self, heard: Callable[[bytes, Address], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there any more: as in a network, nobody is told."""
