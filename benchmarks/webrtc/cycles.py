"""Calls that come and go: what is left of them."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from benchmarks.webrtc.client import LeanClient
from benchmarks.webrtc.echo import OurEcho

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Cycles:
    """Differences between the end and the state after the warm-up; memory over the last half."""

    cycles: int
    seconds_a_cycle: float
    tasks_left: int
    threads_left: int
    descriptors_left: int
    kb_a_cycle: float


async def measure(*, cycles: int) -> dict[str, Any]:
    """Connect, exchange some frames, and close; both ends are in this process."""
    for _ in range(WARM_UP):
        await one_cycle()
    before = _state()
    began = time.perf_counter()
    for _ in range(cycles // 2):
        await one_cycle()
    gc.collect()
    half = psutil.Process().memory_info().rss
    for _ in range(cycles - cycles // 2):
        await one_cycle()
    took = time.perf_counter() - began
    gc.collect()
    grown = psutil.Process().memory_info().rss - half
    after = _state()
    return asdict(
        Cycles(
            cycles=cycles,
            seconds_a_cycle=round(took / cycles, 4),
            tasks_left=after[0] - before[0],
            threads_left=after[1] - before[1],
            descriptors_left=after[2] - before[2],
            kb_a_cycle=round(grown / 1024 / (cycles - cycles // 2), 2),
        )
    )


async def one_cycle() -> None:
    """One short call; the two sides take turns in hanging up first."""
    client, echo = LeanClient(), OurEcho()
    await client.take(await echo.accept(await client.offer()))
    await client.connected.wait()
    await echo.connected.wait()
    await asyncio.sleep(0.04)
    if len(echo.heard_at) % 2:
        await client.close()
        await asyncio.wait_for(echo.closed.wait(), 5)
        await echo.close()
    else:
        await echo.close()
        await client.close()


def _state() -> tuple[int, int, int]:
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), psutil.Process().num_fds()
