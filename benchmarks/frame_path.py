"""What one 20 ms frame costs on its way in, and a background on its way out; prints a line of JSON.

All is CPU time of a step, in microseconds.

python benchmarks/frame_path.py
"""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

from vision_agents.core.audio.chunk import FloatWindows
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.edge.inbound import InboundAudio
from vision_agents.core.speech.clip import Clip
from vision_agents.core.speech.mixer import Mixer

ROUNDS, FRAMES = 9, 3000
PAIRS = ((48_000, 16_000), (24_000, 48_000), (16_000, 48_000), (8000, 16_000), (44_100, 16_000))


def frame(rate: int) -> PcmData:
    rng = np.random.default_rng(7)
    return PcmData(rng.integers(-9000, 9000, rate // 50).astype(np.int16), rate)


def cost(work: Callable[[], object]) -> float:
    """Median CPU time of `work`, in microseconds."""
    for _ in range(200):
        work()
    rounds: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(FRAMES):
            work()
        rounds.append((time.process_time() - began) / FRAMES * 1e6)
    return round(statistics.median(rounds), 2)


def resampling(source: int, target: int) -> dict[str, object]:
    resampler, pcm = Resampler(source, target), frame(source)
    return {
        "source_rate": source,
        "target_rate": target,
        "us_per_frame": cost(lambda: resampler.process(pcm)),
        "delay_ms": round(resampler.delay * 1000, 3),
    }


def windowing() -> float:
    """16 kHz frames turned into the windows of 512 float samples that a voice activity detector wants."""
    windows, pcm = FloatWindows(512), frame(16_000)
    return cost(lambda: list(windows.push(pcm.samples)))


def background(source: int) -> dict[str, object]:
    """A frame of the way out: a loop of two seconds behind nobody's voice, mixed at 48 kHz."""
    rng, mixer = np.random.default_rng(7), Mixer(48_000)
    wave = rng.integers(-9000, 9000, 2 * source).astype(np.int16)
    clip = Clip(PcmData(wave, source), 48_000, looping=True)
    clip.open()
    mixer.add_behind(clip)
    return {"source_rate": source, "us_per_frame": cost(mixer.pull)}


def nothing(*_: object) -> None:
    """Listen to a step that is measured alone."""


async def inbound() -> float:
    clocked, pcm = InboundAudio(nothing, nothing), frame(48_000)
    return cost(lambda: clocked.push(pcm))


async def whole_path() -> float:
    """Clocked input, 48 to 16 kHz, windows: everything between the edge and the first model."""
    resampler, windows, pcm = Resampler(48_000, 16_000), FloatWindows(512), frame(48_000)

    def listen(heard: PcmData, _at: float) -> None:
        list(windows.push(resampler.process(heard).samples))

    clocked = InboundAudio(listen, nothing)
    return cost(lambda: clocked.push(pcm))


def main() -> None:
    report = {
        "benchmark": "frame_path",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "resample": [resampling(*pair) for pair in PAIRS],
        "background": [background(rate) for rate in (24_000, 44_100, 48_000)],
        "windows_us_per_frame": windowing(),
        "inbound_us_per_frame": asyncio.run(inbound()),
        "whole_path_us_per_frame": asyncio.run(whole_path()),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
