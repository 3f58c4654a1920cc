"""Who speaks: the voice that comes with the embedded models, and two more where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler

Sound = npt.NDArray[np.float32]
RATE = 16_000
EMBEDDED = "hibari"

_PACES = ((1.0, 24_000), (1.12, 22_050), (0.9, 25_600), (1.15, 24_000), (1.0, 22_050), (0.95, 24_000))
"""Speed, and the rate at which the 24 kHz samples are played: lower is a deeper voice."""
_ESPEAK = (("en-us", 160), ("en-gb", 175), ("en-us+f3", 150))
_FLITE = ("slt", "rms", "awb")


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who can speak: text in, mono float32 at 16 kHz out."""

    name: str
    say: Callable[[str], Sound]


def embedded_voices() -> list[Voice]:
    """The embedded voice at several paces and pitches: everybody has it."""
    return [Voice(f"{EMBEDDED}-{speed}-{rate}", partial(_hibari, speed, rate)) for speed, rate in _PACES]


def further_voices() -> list[list[Voice]]:
    """The voices of each other synthesiser on this machine."""
    found: list[list[Voice]] = []
    if shutil.which("espeak-ng"):
        found.append([Voice(f"espeak-{name}", partial(_espeak, name, pace)) for name, pace in _ESPEAK])
    if shutil.which("flite"):
        found.append([Voice(f"flite-{name}", partial(_flite, name)) for name in _FLITE])
    return found


@cache
def _synthesiser() -> Any:
    import hibari  # pyright: ignore[reportMissingTypeStubs]

    return hibari.Hibari(threads=1)


def _hibari(speed: float, rate: int, text: str) -> Sound:
    return _at_16_khz(np.clip(_synthesiser()(text, speed=speed, seed=0), -1, 1), rate)


def _espeak(name: str, pace: int, text: str) -> Sound:
    return _recorded(lambda path: ["espeak-ng", "-v", name, "-s", str(pace), "-w", path, text])


def _flite(name: str, text: str) -> Sound:
    return _recorded(lambda path: ["flite", "-voice", name, "-t", text, "-o", path])


def _recorded(command: Callable[[str], list[str]]) -> Sound:
    """Run a program that speaks into a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "spoken.wav"))
        subprocess.run(command(path), stdin=subprocess.DEVNULL, check=True, timeout=60)
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            return _at_16_khz(np.divide(samples, 32768, dtype=np.float32), file.getframerate())


def _at_16_khz(sound: Sound, rate: int) -> Sound:
    heard = Resampler(rate, RATE).process(PcmData(sound.astype(np.float32), rate).to_int16())
    return np.asarray(heard.to_float32().samples, np.float32)
