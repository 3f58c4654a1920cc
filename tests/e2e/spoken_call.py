"""What goes into a spoken call, and what it leaves behind."""

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[2]
RATE = 16_000
Samples: TypeAlias = npt.NDArray[np.int16]


def read_wav(path: Path) -> Samples:
    """Read mono or stereo int16 at 16 or 48 kHz; stereo has the shape (n, 2)."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return samples if file.getnchannels() == 1 else samples.reshape(-1, 2)


def recording(name: str) -> Samples:
    """A kept recording, 16 kHz."""
    return read_wav(ROOT / "tests" / "audio" / f"{name}.wav")


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


@dataclass
class Run:
    """What a run of the example left behind."""

    events: list[dict[str, Any]]
    output: str
    right: Samples
    """The agent's channel, 48 kHz."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def texts(self, kind: str) -> list[str]:
        return [event["text"] for event in self.of(kind)]


RunExample: TypeAlias = Callable[[Sequence[Samples]], Run]
