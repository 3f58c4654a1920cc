from __future__ import annotations

import asyncio

import pytest

from vision_agents.testing.udp_proxy import Direction, NetworkConditions, UdpProxy

RTP = b"\x80\x6f" + bytes(10)
RTCP = b"\x80\xc8" + bytes(10)
STUN = b"\x00\x01" + bytes(10)
SDP = (
    "v=0\r\nm=audio 9 x\r\na=candidate:7 1 udp 21 {} {} typ host\r\n"
    "a=candidate:8 1 udp 20 ::1 9 typ host\r\nm=video 9 x\r\n"
)


class End(asyncio.DatagramProtocol):
    """One end of the line."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.heard_at: list[float] = []
        self.from_address: tuple[str, int] | None = None
        self.changed = asyncio.Event()
        self.transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls) -> End:
        end = cls()
        loop = asyncio.get_running_loop()
        end.transport, _ = await loop.create_datagram_endpoint(lambda: end, local_addr=("127.0.0.1", 0))
        return end

    @property
    def port(self) -> int:
        assert self.transport is not None
        return self.transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        self.heard_at.append(asyncio.get_running_loop().time())
        self.from_address = (addr[0], addr[1])
        self.changed.set()

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(data, to)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self.changed.clear()
                await self.changed.wait()

    async def close(self) -> None:
        assert self.transport is not None
        self.transport.close()
        await asyncio.sleep(0)


def test_a_seed_loses_the_same_media_packets_each_time_and_nothing_else() -> None:
    def run(seed: int) -> Direction:
        direction = Direction(NetworkConditions(loss=0.03), f"{seed} up")
        for n in range(5000):
            assert not direction.loses(STUN)
            direction.loses(RTCP if n % 50 == 0 else RTP)
        return direction

    one, again, other = run(1), run(1), run(2)
    assert one.lost_frames == again.lost_frames != other.lost_frames
    assert 100 < len(one.lost_frames) < 200
    assert (one.rtp, one.rtcp, one.other) == (4900, 100, 5000)


def test_conditions_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="loss"):
        NetworkConditions(loss=1.1)
    with pytest.raises(ValueError, match="delay_ms"):
        NetworkConditions(delay_ms=(30, 20))


def address_in(sdp: str) -> tuple[str, int]:
    (line,) = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
    fields = line.split()
    return fields[4], int(fields[5])


async def test_the_two_meet_only_through_the_proxy_late_and_not_at_all_while_it_is_cut() -> None:
    client, server = await End.open(), await End.open()
    async with UdpProxy(NetworkConditions(delay_ms=(30, 40), seed=1)) as proxy:
        assert address_in(proxy.rewrite_offer(SDP.format("192.0.2.1", 4000))) == ("127.0.0.1", 9)
        front = address_in(proxy.rewrite_answer(SDP.format("127.0.0.1", server.port)))
        loop = asyncio.get_running_loop()
        began = loop.time()
        client.send(STUN, front)
        await server.until(1)
        assert 0.028 <= server.heard_at[0] - began < 1.0
        assert server.from_address is not None
        server.send(RTP, server.from_address)
        await client.until(1)
        assert (client.heard, client.from_address) == ([RTP], front)
        proxy.cut()
        client.send(RTP, front)
        await asyncio.sleep(0.1)
        proxy.restore()
        client.send(RTCP, front)
        await server.until(2)
        assert server.heard == [STUN, RTCP]
    await client.close()
    await server.close()


async def test_an_answer_without_a_candidate_is_refused() -> None:
    async with UdpProxy(NetworkConditions()) as proxy:
        with pytest.raises(ValueError, match="no candidate"):
            proxy.rewrite_answer("v=0\r\n")
