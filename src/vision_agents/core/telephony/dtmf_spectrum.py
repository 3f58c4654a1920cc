"""How much of a key's tones is in 80 ms of sound, and how much it looks like them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.telephony.keypad import HIGH_HZ, LOW_HZ
from vision_agents.core.telephony.narrowband import RATE, Floats

WINDOW = 640
"""Samples, at 8 kHz: long enough to part a tone from the harmonics of a voice beside it."""

_POINTS = 2048
_BIN_HZ = RATE / _POINTS
_TONES = np.array(LOW_HZ + HIGH_HZ)
_REACH = 0.018
"""How far from its frequency a tone is looked for."""
_NO_PEAK = 0.06
"""Deviation of what only leans on something stronger beyond `_REACH`."""
_NEAR = round(20.0 / _BIN_HZ)
_BANDS = ((586.0, 1074.0), (1113.0, 1757.0))
"""Where the low tones lie, and the high ones, in Hz."""
_WEIGHTS: Floats = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_FULL_SCALE = _POINTS * float(np.square(_WEIGHTS).sum()) / 4
"""What a full-scale sine adds up to."""
_SILENCE = np.float32(1e-12 * _FULL_SCALE)
_MANY = 1024
"""Windows that are looked at in one go: bounds the memory."""
_INAUDIBLE = 0.002
"""No sample reaches this: half of a call, and no tone that would count."""
_NOTHING: Floats = np.array([[1e-12], [1e-12], [1e-12], [1.0]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ToneTraces:
    """What is known of the eight tones: a row a window; four columns for the low tones, four for the high.

    Args:
        values: level, dominance, share and deviation, below, in one array of the shape ``(windows, 4, 8)``.
    """

    values: Floats

    @property
    def level(self) -> Floats:
        """Power of the tone; 1 is a full-scale sine."""
        return self.values[:, 0]

    @property
    def dominance(self) -> Floats:
        """Power of the tone over that of its four tones' band; 1 is a tone alone there."""
        return self.values[:, 1]

    @property
    def share(self) -> Floats:
        """Power of the tone over all power."""
        return self.values[:, 2]

    @property
    def deviation(self) -> Floats:
        """How far the peak is from the tone's frequency, as a share of it, without a sign."""
        return self.values[:, 3]

    def averaged(self, span: int) -> ToneTraces:
        """Average over the `span` windows that end with each one, where there are so many."""
        count = len(self.values) - span + 1
        total = sum((self.values[at : at + count] for at in range(1, span)), start=self.values[:count])
        return ToneTraces(np.divide(total, span, dtype=np.float32))


def trace(windows: Floats) -> ToneTraces:
    """Look for the tones in each of `windows`, shape ``(n, 640)``."""
    parts = [_trace(windows[at : at + _MANY]) for at in range(0, len(windows), _MANY)]
    return ToneTraces(parts[0] if len(parts) == 1 else np.concatenate(parts))


def _bins(frequency: npt.ArrayLike) -> npt.NDArray[np.intp]:
    return np.rint(np.asarray(frequency) / _BIN_HZ).astype(np.intp)


_WIDEST = int(_bins(_TONES[-1] * _REACH)) + 1
_SEARCH = np.clip(
    _bins(_TONES)[:, None] + np.arange(-_WIDEST, _WIDEST + 1),
    _bins(_TONES * (1 - _REACH))[:, None],
    _bins(_TONES * (1 + _REACH))[:, None],
)
_BAND_EDGES = _bins(_BANDS)


def _trace(windows: Floats) -> Floats:
    if np.abs(windows).max(initial=0) < _INAUDIBLE:
        return np.tile(_NOTHING, (len(windows), 1, len(_TONES)))
    power = np.square(np.abs(np.fft.rfft(windows * _WEIGHTS, _POINTS))) + _SILENCE
    sums = np.cumsum(power, axis=1, dtype=np.float64)
    rows = np.arange(len(power))[:, None]
    peak = _SEARCH[np.arange(len(_TONES)), power[:, _SEARCH].argmax(axis=2)]
    level = sums[rows, peak + _NEAR] - sums[rows, peak - _NEAR - 1]
    bands = np.stack([sums[:, high] - sums[:, low] for low, high in _BAND_EDGES], axis=1)
    frequency = (peak + _beside(power, rows, peak)) * _BIN_HZ
    is_peak = power[rows, peak] >= np.maximum(power[rows, peak - 1], power[rows, peak + 1])
    columns = (
        level / _FULL_SCALE,
        level / np.repeat(bands, 4, axis=1),
        level / sums[:, -1:],
        np.where(is_peak, np.abs(frequency / _TONES - 1), _NO_PEAK),
    )
    return np.stack(columns, axis=1, dtype=np.float32, casting="same_kind")


def _beside(power: Floats, rows: npt.NDArray[np.intp], peak: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Tell how far between the points the peak of a parabola through three of them lies, -1 to 1."""
    before, top, after = (np.log(power[rows, peak + step]) for step in (-1, 0, 1))
    curve = np.minimum(before - 2 * top + after, np.float32(-1e-6))
    return np.clip(0.5 * (before - after) / curve, -1, 1).astype(np.float32)
