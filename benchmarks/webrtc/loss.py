"""A bad network: how much of the voice reaches the agent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from benchmarks.webrtc.client import LeanClient
from benchmarks.webrtc.echo import Echo, OurEcho, StockEcho

from vision_agents.testing.udp_proxy import NetworkConditions, UdpProxy


@dataclass(frozen=True, slots=True)
class Loss:
    """What reached the agent; `lost_by_network` packets of `sent` were dropped by the pattern."""

    server: str
    seed: int
    seconds: float
    sent: int
    lost_by_network: int
    frames_per_second: float
    worst_gap_ms: float
    concealed: int | None = None
    late: int | None = None


class _HearingStock(StockEcho):
    """aiortc as it comes, and when each frame reached us."""

    def __init__(self) -> None:
        super().__init__()
        self.heard_at: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._task = asyncio.get_running_loop().create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                await track.recv()
                self.heard_at.append(asyncio.get_running_loop().time())
        except MediaStreamError:
            return

    async def close(self) -> None:
        await super().close()
        if self._task is not None:
            await self._task


_SERVERS: dict[str, Callable[[], Echo]] = {"ours": OurEcho, "aiortc": _HearingStock}


async def measure(server: str, *, seed: int, seconds: float) -> dict[str, Any]:
    """Talk for some seconds over a network that loses 3 % and delays by 20 to 30 ms, each way."""
    echo: Any = _SERVERS[server]()
    client = LeanClient()
    async with UdpProxy(NetworkConditions(loss=0.03, delay_ms=(20, 30), seed=seed)) as proxy:
        try:
            answer = await echo.accept(proxy.rewrite_offer(await client.offer()))
            await client.take(proxy.rewrite_answer(answer))
            await client.connected.wait()
            await asyncio.sleep(seconds)
        finally:
            await client.close()
            heard_at: list[float] = list(echo.heard_at)
            await echo.close()
    ours = echo.peer.stats.inbound if isinstance(echo, OurEcho) else None
    return asdict(
        Loss(
            server=server,
            seed=seed,
            seconds=seconds,
            sent=proxy.up.rtp,
            lost_by_network=len(proxy.up.lost_frames),
            frames_per_second=round((len(heard_at) - 1) / (heard_at[-1] - heard_at[0]), 2),
            worst_gap_ms=round(1000 * max(b - a for a, b in pairwise(heard_at)), 1),
            concealed=ours.concealed if ours else None,
            late=ours.late if ours else None,
        )
    )
