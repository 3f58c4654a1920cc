"""Pulse-code audio: the one shape in which sound travels through the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.types.units import Seconds

Samples: TypeAlias = npt.NDArray[np.int16 | np.float32]
SampleFormat: TypeAlias = Literal["s16", "f32"]

_FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True, eq=False)
class PcmData:
    """A piece of audio.

    Args:
        samples: int16 (full scale 32767) or float32 (full scale 1.0); shape ``(n,)`` for mono,
            ``(n, 2)`` for stereo (left, right).
        sample_rate: samples a second of each channel, in Hz.
    """

    samples: Samples
    sample_rate: int

    def __post_init__(self) -> None:
        """Refuse what the engine could not play."""
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate must be > 0, not {self.sample_rate}.")
        if self.samples.dtype.char not in "hf":
            raise ValueError(f"Samples must be int16 or float32, not {self.samples.dtype}.")
        if self.samples.ndim != 1 and not (self.samples.ndim == 2 and self.samples.shape[1] == 2):
            raise ValueError(f"Samples must have the shape (n,) or (n, 2), not {self.samples.shape}.")

    @classmethod
    def from_bytes(
        cls, data: bytes, sample_rate: int, *, channels: int = 1, format: SampleFormat = "s16"
    ) -> PcmData:
        """Read little-endian interleaved bytes; a trailing partial frame is an error."""
        if channels not in (1, 2):
            raise ValueError(f"channels must be 1 or 2, not {channels}.")
        samples: npt.NDArray[Any] = np.frombuffer(data, dtype="<i2" if format == "s16" else "<f4")
        return cls(samples if channels == 1 else samples.reshape(-1, 2), sample_rate)

    @classmethod
    def silence(cls, duration: Seconds, sample_rate: int) -> PcmData:
        """Make mono int16 silence of `duration` seconds, rounded to whole samples."""
        return cls(np.zeros(round(duration * sample_rate), np.int16), sample_rate)

    @property
    def channels(self) -> int:
        """1 for mono, 2 for stereo."""
        return 1 if self.samples.ndim == 1 else 2

    @property
    def format(self) -> SampleFormat:
        """``"s16"`` for int16 samples, ``"f32"`` for float32."""
        return "s16" if self.samples.dtype == np.int16 else "f32"

    @property
    def duration(self) -> Seconds:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    def __len__(self) -> int:
        """Count the samples of one channel."""
        return len(self.samples)

    def to_bytes(self) -> bytes:
        """Give little-endian interleaved bytes in this piece's own format."""
        return self.samples.tobytes()

    def to_float32(self) -> PcmData:
        """Convert to float32 in [-1, 1); the same object if it already is."""
        if self.samples.dtype == np.float32:
            return self
        return PcmData(self.samples.astype(np.float32) * np.float32(1 / _FULL_SCALE), self.sample_rate)

    def to_int16(self) -> PcmData:
        """Convert to int16, clipping beyond full scale; the same object if it already is."""
        if self.samples.dtype == np.int16:
            return self
        scaled = np.clip(np.rint(self.samples * np.float32(_FULL_SCALE)), -32768, 32767)
        return PcmData(scaled.astype(np.int16), self.sample_rate)

    def to_mono(self) -> PcmData:
        """Average the channels; the same object if it is mono."""
        if self.samples.ndim == 1:
            return self
        mean = self.samples.mean(axis=1, dtype=np.float32)
        if self.samples.dtype == np.int16:
            return PcmData(np.rint(mean).astype(np.int16), self.sample_rate)
        return PcmData(mean, self.sample_rate)

    def to_stereo(self) -> PcmData:
        """Put the same signal on both channels; the same object if it is stereo."""
        if self.samples.ndim == 2:
            return self
        return PcmData(np.stack((self.samples, self.samples), axis=1), self.sample_rate)
