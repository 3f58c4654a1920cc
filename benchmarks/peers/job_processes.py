"""What a process per job costs, as livekit and videosdk start them on Linux by default.

    <environment of livekit>/bin/python job_processes.py livekit
    <environment of videosdk>/bin/python job_processes.py videosdk

Memory of such a process with the framework imported and with one stub session, and the time to start one.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from stubs import Opts

JOBS = 5


def memory_mb(pid: int) -> dict[str, float]:
    """Resident, proportional and private memory of a process."""
    sizes: dict[str, float] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            sizes[words[0][:-1]] = int(words[1]) / 1024
    return {
        "rss": sizes["Rss"],
        "pss": sizes["Pss"],
        "uss": sizes["Private_Clean"] + sizes["Private_Dirty"],
    }


def job(name: str, pipe: Connection) -> None:
    """Run in the process of a job: import, then on demand one session, until told to end."""
    adapter: Any = importlib.import_module(f"adapters.{name}")
    pipe.send("imported")
    pipe.recv()

    async def talk() -> None:
        await adapter.setup()
        session = await adapter.new_session(Opts())
        for frame in range(25):
            session.push(frame)
            await asyncio.sleep(0.02)
        pipe.send("talking")
        while not pipe.poll():  # noqa: ASYNC110 - the parent has no event to give
            await asyncio.sleep(0.1)

    asyncio.run(talk())
    os._exit(0)


def _context(name: str) -> Any:
    """How the framework starts its processes."""
    if name == "videosdk":
        from videosdk.agents.execution._mp_context import get_mp_context

        return get_mp_context()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["livekit.agents"])
    return context


def _start_job(context: Any, name: str) -> dict[str, Any]:
    ours, theirs = context.Pipe()
    began = time.perf_counter()
    process = context.Process(target=job, args=(name, theirs))
    process.start()
    ours.recv()
    ready_ms = (time.perf_counter() - began) * 1e3
    time.sleep(0.3)
    idle = memory_mb(process.pid)
    ours.send("talk")
    ours.recv()
    time.sleep(0.5)
    return {"process": process, "pipe": ours, "ready_ms": ready_ms, "idle": idle}


def main() -> None:
    name = sys.argv[1]
    context = _context(name)
    jobs = [_start_job(context, name) for _ in range(JOBS)]
    for started in jobs:
        started["talking"] = memory_mb(started["process"].pid)
    for started in jobs:
        started["pipe"].send("end")
        started["process"].join(5)
    later = jobs[1:]
    figures = {
        "first_ready_ms": jobs[0]["ready_ms"],
        "ready_ms": _median(started["ready_ms"] for started in later),
    }
    for state in ("idle", "talking"):
        for kind in ("rss", "pss", "uss"):
            figures[f"{state}_{kind}_mb"] = _median(started[state][kind] for started in later)
    print(json.dumps({"framework": name, "jobs": JOBS, **figures}))


def _median(values: Any) -> float:
    return round(statistics.median(values), 1)


if __name__ == "__main__":
    main()
