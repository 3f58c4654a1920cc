"""Many calls in one process: what each costs, and whether all are served in time.

The clients run in a process of their own, so that the figures are the server's alone: a client sends a tone
through aiortc, 50 packets a second, and does nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import sys
import threading
import time
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

import psutil
from benchmarks.webrtc.client import LeanClient
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
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_clients, args=(theirs, sessions))
    child.start()
    try:
        return asdict(asyncio.run(_serve(server, ours, sessions, seconds)))
    finally:
        ours.close()
        child.join(30)


async def _serve(server: str, pipe: Connection, sessions: int, seconds: float) -> Density:
    threads_before = threading.active_count()
    echoes = [SERVERS[server]() for _ in range(sessions)]
    for echo in echoes:
        offer = await asyncio.to_thread(pipe.recv)
        pipe.send(await echo.accept(offer))
    await asyncio.to_thread(pipe.recv)  # all are connected
    await asyncio.sleep(2.0)
    gc.collect()
    before = _counted(echoes)
    threads = threading.active_count() - threads_before
    began, cpu = time.perf_counter(), time.process_time()
    pipe.send("count")
    await asyncio.sleep(seconds)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    pipe.send("report")
    back: list[float] = await asyncio.to_thread(pipe.recv)
    after = _counted(echoes)
    for echo in echoes:
        await echo.close()
    pipe.send("end")
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


def _clients(pipe: Connection, sessions: int) -> None:
    asyncio.run(_run_clients(pipe, sessions))


async def _run_clients(pipe: Connection, sessions: int) -> None:
    clients = [LeanClient() for _ in range(sessions)]
    for client in clients:
        pipe.send(await client.offer())
        await client.take(await asyncio.to_thread(pipe.recv))
        await client.connected.wait()
    pipe.send("connected")
    await asyncio.to_thread(pipe.recv)
    before = [client.packets_back for client in clients]
    await asyncio.to_thread(pipe.recv)
    pipe.send([float(client.packets_back - was) for client, was in zip(clients, before, strict=True)])
    await asyncio.to_thread(pipe.recv)
    for client in clients:
        await client.close()


if __name__ == "__main__":
    for name in sys.argv[3:] or SERVERS:
        print(json.dumps(measure(name, sessions=int(sys.argv[1]), seconds=float(sys.argv[2]))))
