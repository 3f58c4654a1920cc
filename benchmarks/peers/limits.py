"""What the pieces cost at least: resamplers, asyncio hops, timers. Run it in the environment of `bare`.

One JSON object; figures in microseconds of CPU unless the name says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable

import av
import numpy as np
import soxr
import uvloop
from adapters.bare import Fir3
from stubs import IN_FRAMES, IN_FRAMES_BYTES, VadCore

Figures = dict[str, float]


def per_call(work: Callable[[int], object], n: int = 3000) -> float:
    """Median of five series; `work` gets the number of an input frame."""
    work(0)
    series: list[float] = []
    for _ in range(5):
        began = time.process_time()
        for i in range(n):
            work(i % 50)
        series.append((time.process_time() - began) / n * 1e6)
    return round(statistics.median(series), 2)


def _av_resampler() -> av.AudioResampler:
    return av.AudioResampler(format="s16", layout="mono", rate=16000)


def _av_resample(resampler: av.AudioResampler, index: int) -> None:
    frame = av.AudioFrame.from_ndarray(IN_FRAMES[index].reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 48000
    for converted in resampler.resample(frame):
        converted.to_ndarray()


def audio() -> Figures:
    """The work on one 20 ms frame, 48 to 16 kHz."""
    figures: Figures = {}
    for quality in ("QQ", "LQ", "MQ", "HQ", "VHQ"):
        stream = soxr.ResampleStream(48000, 16000, 1, dtype="int16", quality=quality)
        figures[f"soxr stream {quality}"] = per_call(lambda i, s=stream: s.resample_chunk(IN_FRAMES[i]))
    filter_ = Fir3()
    figures["own filter, 87 taps, one matrix product"] = per_call(
        lambda i: filter_.resample_chunk(IN_FRAMES[i])
    )
    resampler = _av_resampler()
    figures["av.AudioResampler, kept"] = per_call(lambda i: _av_resample(resampler, i))
    figures["av.AudioResampler, new for each frame"] = per_call(
        lambda i: _av_resample(_av_resampler(), i), 500
    )
    vad, frames = VadCore(), [frame[::3].copy() for frame in IN_FRAMES]
    figures["VAD stub"] = per_call(lambda i: vad.feed(frames[i]))
    figures["bytes to a copied array"] = per_call(
        lambda i: np.frombuffer(IN_FRAMES_BYTES[i], np.int16).copy()
    )
    return figures


async def _each(work: Callable[[], Awaitable[object]], n: int) -> float:
    began = time.process_time()
    for _ in range(n):
        await work()
    return round((time.process_time() - began) / n * 1e6, 2)


async def _nothing() -> None: ...


async def _queue_hop(n: int = 20_000) -> float:
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def consume() -> None:
        for _ in range(n):
            await queue.get()

    consumer = asyncio.get_running_loop().create_task(consume())

    async def put() -> None:
        queue.put_nowait(0)
        await asyncio.sleep(0)

    cost = await _each(put, n)
    await consumer
    return cost


async def _tick(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0.02)


async def hops() -> Figures:
    """What the event loop charges."""
    loop = asyncio.get_running_loop()
    figures = {
        "switch by sleep(0)": await _each(lambda: asyncio.sleep(0), 20_000),
        "create_task and await": await _each(lambda: loop.create_task(_nothing()), 20_000),
        "queue hop to a waiting consumer": await _queue_hop(),
        "hop to an executor": await _each(lambda: loop.run_in_executor(None, int), 2000),
    }
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_tick(200) for _ in range(100)))
    minutes = 100 * (time.perf_counter() - began) / 60
    figures["20 ms polling task, CPU s a minute"] = round((time.process_time() - used) / minutes, 4)
    return figures


def main() -> None:
    with asyncio.Runner() as plain, asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast:
        figures = {"audio": audio(), "asyncio": plain.run(hops()), "uvloop": fast.run(hops())}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
