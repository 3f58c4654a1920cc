"""Many calls in one process: what each costs, and whether all are served in time.

The clients run in a process of their own, so that the figures are the server's alone: a client sends a tone
of 50 packets a second and does nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from asyncio.subprocess import PIPE
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from benchmarks.webrtc.echo import SERVERS, OurEcho


@dataclass(frozen=True, slots=True)
class Density:
    """What a run of `sessions` echo calls gave.

    `frames_back_per_second` is what a client heard, by session; `underruns_per_10_000` is None for a server
    that does not count them.
    """

    server: str
    sessions: int
    seconds: float
    cpu_percent_per_session: float
    threads_per_session: float
    rss_mb: float
    frames_back_per_second: float
    worst_session_frames_back_per_second: float
    underruns_per_10_000: float | None = None
    lateness: list[int] | None = None


def measure(server: str, *, sessions: int, seconds: float) -> dict[str, Any]:
    """Run the server here and the clients in a child; returns the figures of the server."""
    return asdict(asyncio.run(_serve(server, sessions, seconds)))


async def _serve(server: str, sessions: int, seconds: float) -> Density:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.webrtc.client", str(sessions), stdin=PIPE, stdout=PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    say, hear = child.stdin.write, child.stdout.readline
    threads_before = threading.active_count()
    echoes = [SERVERS[server]() for _ in range(sessions)]
    for echo in echoes:
        say(json.dumps(await echo.accept(json.loads(await hear()))).encode() + b"\n")
    await hear()  # all are connected
    await asyncio.sleep(2.0)
    gc.collect()
    before = _counted(echoes)
    threads = threading.active_count() - threads_before
    began, cpu = time.perf_counter(), time.process_time()
    say(b"count\n")
    await asyncio.sleep(seconds)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    say(b"report\n")
    back: list[int] = json.loads(await hear())
    after = _counted(echoes)
    for echo in echoes:
        await echo.close()
    child.stdin.close()
    await child.wait()
    frames = after[0] - before[0]
    return Density(
        server=server,
        sessions=sessions,
        seconds=round(took, 1),
        cpu_percent_per_session=round(100 * cpu / took / sessions, 3),
        threads_per_session=round(threads / sessions, 2),
        rss_mb=round(psutil.Process().memory_info().rss / (1 << 20), 1),
        frames_back_per_second=round(sum(back) / len(back) / took, 2),
        worst_session_frames_back_per_second=round(min(back) / took, 2),
        underruns_per_10_000=round(10_000 * (after[1] - before[1]) / frames, 3) if frames else None,
        lateness=[b - a for a, b in zip(before[2], after[2], strict=True)] if frames else None,
    )


def _counted(echoes: list[Any]) -> tuple[int, int, list[int]]:
    ours = [echo.peer.stats.outbound for echo in echoes if isinstance(echo, OurEcho)]
    lateness = [sum(column) for column in zip(*(one.pace.lateness for one in ours), strict=True)]
    return sum(one.frames for one in ours), sum(one.underruns for one in ours), lateness
