"""Who speaks: the voice that comes with the embedded models, and two more where they are installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler

Sound = npt.NDArray[np.float32]
RATE = 16_000


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who can speak: text in, mono float32 at 16 kHz out."""

    name: str
    say: Callable[[str], Sound]


def voices() -> list[Voice]:
    """Two rounds of the embedded voice at six paces and pitches, then what else is on this machine."""
    found = [_hibari(speed, rate) for speed, rate in _PACES]
    if shutil.which("espeak-ng"):
        found += [_espeak(variant, words) for variant, words in (("en-us", 160), ("en-gb", 175), ("en-us+f3", 150))]
    if shutil.which("flite"):
        found += [_flite(name) for name in ("slt", "rms", "awb")]
    return found


_PACES = ((1.0, 24_000), (1.12, 22_050), (0.9, 25_600), (1.15, 24_000), (1.0, 22_050), (0.95, 24_000))
"""Speed, and the rate at which the 24 kHz samples are played: lower is a deeper voice."""


def _at_16_khz(sound: Sound, rate: int) -> Sound:
    heard = Resampler(rate, RATE).process(PcmData(sound, rate).to_int16())
    return np.asarray(heard.to_float32().samples, np.float32)


@cache
def _synthesiser() -> Callable[[str, float], Sound]:
    import hibari

    voice = hibari.Hibari(threads=1)
    return lambda text, speed: np.clip(voice(text, speed=speed, seed=0), -1, 1)


def _hibari(speed: float, rate: int) -> Voice:
    return Voice(
        f"hibari-{speed}-{rate // 1000}", lambda text: _at_16_khz(_synthesiser()(text, speed), rate)
    )


def _spoken_by(command: list[str], text: str) -> Sound:
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as file:
        # Both write their header before they know the length.
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return _at_16_khz(np.divide(samples, 32768, dtype=np.float32), file.getframerate())


def _espeak(variant: str, words: int) -> Voice:
    command = ["espeak-ng", "-v", variant, "-s", str(words), "--stdin", "--stdout"]
    return Voice(f"espeak-{variant}", lambda text: _spoken_by(command, text))


def _flite(name: str) -> Voice:
    command = ["flite", "-voice", name, "-f", "/dev/stdin", "-o", "/dev/stdout"]
    return Voice(f"flite-{name}", lambda text: _spoken_by(command, text))
