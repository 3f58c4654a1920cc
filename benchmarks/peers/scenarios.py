"""The scenarios: each drives the sessions of one adapter and gives its figures."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from typing import Any, Protocol

import numpy as np
from measures import cpu, percentile, rss_kb, threads
from stubs import FRAME_MS, PIPE_RATE, BenchSession, Opts

Figures = dict[str, Any]


class Adapter(Protocol):
    """What a module in `adapters` offers."""

    NAME: str
    VERSION: str

    async def setup(self) -> None: ...
    async def new_session(self, opts: Opts) -> BenchSession: ...


def _latencies(samples: list[float]) -> Figures:
    return {
        "n": len(samples),
        "p50_ms": percentile(samples, 0.5),
        "p95_ms": percentile(samples, 0.95),
        "samples_ms": [round(sample, 4) for sample in samples],
    }


async def latency(adapter: Adapter, *, n: int, **opts: Any) -> Figures:
    """End of turn -> first frame of the answer at the output; and the CPU of the whole turn."""
    session = await adapter.new_session(Opts(**opts))
    delays: list[float] = []
    costs: list[float] = []
    frames: list[int] = []
    await asyncio.sleep(0.2)
    for turn in range(-5, n):  # the first five warm up
        await session.prepare()
        session.probe.reset()
        cpu_before, began = cpu(), time.perf_counter()
        session.user_turn(f"what time does train number {turn + 5} leave")
        first = await session.probe.wait_first()
        await session.settle()
        if turn >= 0:
            delays.append((first - began) * 1e3)
            costs.append((cpu() - cpu_before) * 1e3)
            frames.append(session.probe.frames)
    await session.close()
    return {
        **_latencies(delays),
        "cpu_per_turn_ms": statistics.median(costs),
        "frames_per_turn": statistics.median(frames),
    }


async def barge(adapter: Adapter, *, n: int) -> Figures:
    """The user begins to speak while the agent speaks -> the output is told to stop."""
    session = await adapter.new_session(Opts(tts_frames=500, realtime_out=True))
    delays: list[float] = []
    late_turns = 0
    await asyncio.sleep(0.2)
    for turn in range(-3, n):
        await session.prepare()
        session.probe.reset()
        session.user_turn(f"tell me a long story number {turn + 3}")
        await session.probe.wait_first()
        await asyncio.sleep(0.12)
        began = time.perf_counter()
        session.user_started()
        stopped = await session.probe.wait_stopped()
        await asyncio.sleep(0.05)
        # A frame that is written after the flush would still be heard.
        if session.probe.frames_after_stop and session.probe.last:
            late_turns += 1
            stopped = max(stopped, session.probe.last)
        if turn >= 0:
            delays.append((stopped - began) * 1e3)
        await session.after_barge()
    await session.close()
    return {**_latencies(delays), "turns_with_frames_after_stop": late_turns}


async def transit(adapter: Adapter, *, n: int) -> Figures:
    """Frame pushed -> the recogniser stub has received all audio up to its end.

    The frames come every 20 ms, each up to 8 ms late, so that polling and block buffers both show. What a
    filter delays inside of its samples does not.
    """
    session = await adapter.new_session(Opts())
    received: list[tuple[float, int]] = []
    session.on_stt_samples = lambda: received.append((time.perf_counter(), session.stt_samples))
    jitter = np.random.default_rng(3)
    loop = asyncio.get_running_loop()
    start = loop.time()
    already = session.stt_samples
    pushed: list[float] = []
    for i in range(n + 60):
        due = start + i * 0.02 + float(jitter.random()) * 0.008
        await asyncio.sleep(max(0.0, due - loop.time()))
        pushed.append(time.perf_counter())
        session.push(i % 50)
    await asyncio.sleep(0.3)
    delays: list[float] = []
    j = 0
    for i in range(50, n + 50):
        needed = already + (i + 1) * PIPE_RATE * FRAME_MS // 1000
        while j < len(received) and received[j][1] < needed:
            j += 1
        if j == len(received):
            break
        delays.append((received[j][0] - pushed[i]) * 1e3)
    return _latencies(delays)


async def _pace(sessions: list[BenchSession], seconds: float) -> tuple[int, float]:
    """Push one frame to every session every 20 ms; gives the ticks and the worst delay of one."""
    loop = asyncio.get_running_loop()
    ticks = int(seconds * 1000 / FRAME_MS)
    start = loop.time()
    worst = 0.0
    for i in range(ticks):
        due = start + i * FRAME_MS / 1000
        now = loop.time()
        if due > now:
            await asyncio.sleep(due - now)
        else:
            worst = max(worst, now - due)
            await asyncio.sleep(0)
        for session in sessions:
            session.push(i % 50)
    return ticks, worst


async def audio(adapter: Adapter, *, sessions: int, seconds: float) -> Figures:
    """CPU of the way in (48 to 16 kHz, VAD, recogniser) in real time, and of sessions where nobody speaks."""
    running = [await adapter.new_session(Opts()) for _ in range(sessions)]
    await _pace(running, 1.5)
    samples_before = sum(session.stt_samples for session in running)
    windows_before = sum(session.vad.windows for session in running)
    cpu_before = cpu()
    ticks, worst = await _pace(running, seconds)
    await asyncio.sleep(0.1)
    spent = cpu() - cpu_before
    samples = sum(session.stt_samples for session in running) - samples_before
    windows = sum(session.vad.windows for session in running) - windows_before
    expected = ticks * sessions * PIPE_RATE * FRAME_MS // 1000
    idle_cpu, idle_began = cpu(), time.perf_counter()
    await asyncio.sleep(3.0)
    idle_minutes = sessions * (time.perf_counter() - idle_began) / 60
    per_minute = spent / (sessions * ticks * FRAME_MS / 1000 / 60)
    return {
        "sessions": sessions,
        "cpu_s_per_session_minute": per_minute,
        "sessions_per_core": 60 / per_minute,
        "idle_cpu_s_per_session_minute": (cpu() - idle_cpu) / idle_minutes,
        "stt_delivered_ratio": samples / expected,
        "vad_delivered_ratio": windows * 512 / expected,
        "worst_pacer_lag_ms": worst * 1e3,
    }


async def memory(adapter: Adapter, *, counts: list[int]) -> Figures:
    """Memory and threads of a process with many sessions, each after half a second of audio."""
    running: list[BenchSession] = []
    points: list[dict[str, float]] = []
    starts: list[float] = []
    gc.collect()
    base = {"rss_mb": rss_kb() / 1024, "threads": threads()}
    for target in counts:
        while len(running) < target:
            began = time.perf_counter()
            session = await adapter.new_session(Opts())
            starts.append((time.perf_counter() - began) * 1e3)
            running.append(session)
            for frame in range(25):
                session.push(frame)
                if frame % 5 == 4:
                    await asyncio.sleep(0.002)
        await asyncio.sleep(0.5)
        gc.collect()
        points.append({"n": target, "rss_mb": rss_kb() / 1024, "threads": threads()})
    began = time.perf_counter()
    await running[-1].close()
    close_ms = (time.perf_counter() - began) * 1e3
    first, last = points[0], points[-1]
    more = max(1, last["n"] - first["n"])
    return {
        "base": base,
        "points": points,
        "kb_per_session": (last["rss_mb"] - first["rss_mb"]) / more * 1024,
        "threads_per_session": (last["threads"] - first["threads"]) / more,
        "close_ms_one": close_ms,
        "start_ms_first": starts[0],
        "start_ms_p50": percentile(starts[1:], 0.5),
        "start_ms_p95": percentile(starts[1:], 0.95),
    }


SCENARIOS = {"latency": latency, "barge": barge, "transit": transit, "audio": audio, "memory": memory}
