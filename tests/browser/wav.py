"""Recordings for Chromium's made-up microphone."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def write_wav(path: Path, samples: npt.NDArray[Any], sample_rate: int) -> Path:
    """Write 16 bit mono; gives the path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.asarray(samples, np.int16).tobytes())
    return path
