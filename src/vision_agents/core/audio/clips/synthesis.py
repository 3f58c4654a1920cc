"""Makes the two loops: shaped noise that goes round without a seam, always the same."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.clips import KEYBOARD, OFFICE

RATE = 16_000
Wave: TypeAlias = npt.NDArray[np.float64]


def office() -> Wave:
    """Air and a far hum, in one circle of 6 s: whole periods, so that its end leads into its beginning."""
    random = np.random.default_rng(11)
    count = 6 * RATE
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    shape = 1 / np.sqrt(1 + (hertz / 220) ** 2) / (1 + (40 / np.maximum(hertz, 1)) ** 4)
    air = _circular(random, count, shape)
    at = np.arange(count) / RATE
    swell = 1 + 0.25 * np.sin(2 * np.pi * at / 3) + 0.1 * np.sin(2 * np.pi * at * 2 / 3 + 1)
    hum = 0.12 * np.sin(2 * np.pi * 120 * at) + 0.05 * np.sin(2 * np.pi * 240 * at)
    return _at_level(air * swell + hum, 0.03)


def keyboard() -> Wave:
    """Keys of uneven strength and rhythm, for 4 s; none lies across the seam."""
    random = np.random.default_rng(5)
    clip = np.zeros(4 * RATE)
    at = 0.08
    while at < 3.85:
        for later, strength in ((0.0, 1.0), (0.055, 0.45)):  # pressed, and let go
            stroke = _stroke(random) * strength * random.uniform(0.5, 1.0)
            start = round((at + later) * RATE)
            clip[start : start + len(stroke)] += stroke
        at += random.choice([0.11, 0.14, 0.17, 0.32], p=[0.3, 0.35, 0.25, 0.1]) * random.uniform(0.9, 1.1)
    return _at_level(clip, 0.06)


def _stroke(random: np.random.Generator) -> Wave:
    at = np.arange(round(0.03 * RATE)) / RATE
    click = random.standard_normal(len(at)) * np.exp(-at / 0.003)
    body = np.sin(2 * np.pi * random.uniform(300, 420) * at) * np.exp(-at / 0.008)
    return (click + 1.5 * body) * np.minimum(1, at / 0.0005) * np.minimum(1, (at[-1] - at) / 0.004)


def _circular(random: np.random.Generator, count: int, shape: Wave) -> Wave:
    """Shape noise in the spectrum of the whole clip: a circle has no seam."""
    phases = np.exp(2j * np.pi * random.random(len(shape)))
    return np.fft.irfft(shape * phases, count)


def _at_level(clip: Wave, rms: float) -> Wave:
    return np.clip(clip * rms / np.sqrt(np.mean(clip**2)), -0.95, 0.95)


CLIPS: dict[Path, Callable[[], Wave]] = {KEYBOARD: keyboard, OFFICE: office}


def main() -> None:
    """Write both files."""
    for path, make in CLIPS.items():
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.rint(make() * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
