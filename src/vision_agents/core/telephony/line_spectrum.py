"""Silence, a tone, or something richer: what is on the line, every 10 ms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision_agents.core.telephony.narrowband import RATE, STEP, Floats

WINDOW = 640
"""Samples, at 8 kHz."""
_POINTS = 1024
_BIN_HZ = RATE / _POINTS
_NEAR = round(32.0 / _BIN_HZ)
_LOWEST, _HIGHEST = round(300.0 / _BIN_HZ), round(3300.0 / _BIN_HZ)
_WEIGHTS: Floats = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_MANY = 1024
_INAUDIBLE = 1e-9
"""Power of a sample, in full scale."""


@dataclass(frozen=True, slots=True, eq=False)
class LineTrace:
    """One row a step of 10 ms.

    Args:
        power: mean power of the newest 20 ms of the window; 1 is a full-scale square.
        frequency: of the strongest tone in the window, in Hz.
        purity: share of the window's power that this tone holds.
        two_tones: share that it and the next strongest hold together.
    """

    power: Floats
    frequency: Floats
    purity: Floats
    two_tones: Floats


def trace_line(windows: Floats) -> LineTrace:
    """Look at each of `windows`, shape ``(n, 640)``."""
    parts = [_trace(windows[at : at + _MANY]) for at in range(0, len(windows), _MANY)] or [_trace(windows)]
    return LineTrace(*np.concatenate(parts, axis=1))


def _trace(windows: Floats) -> Floats:
    newest = np.square(windows[:, -2 * STEP :]).mean(axis=1)
    if newest.max(initial=0) < _INAUDIBLE and np.abs(windows).max(initial=0) ** 2 < _INAUDIBLE:
        return np.stack((newest, *np.zeros((3, len(windows)), np.float32)))
    power = np.square(np.abs(np.fft.rfft(windows * _WEIGHTS, _POINTS)))[:, : _HIGHEST + _NEAR + 1]
    rows = np.arange(len(power))[:, None]
    total = power.sum(axis=1) + 1e-9
    around = np.arange(-_NEAR, _NEAR + 1)
    shares: list[Floats] = []
    frequencies: list[Floats] = []
    for _ in range(2):
        peak = _LOWEST + power[:, _LOWEST:_HIGHEST].argmax(axis=1)
        frequencies.append(_interpolated(power, rows[:, 0], peak) * _BIN_HZ)
        near = rows, peak[:, None] + around
        shares.append(power[near].sum(axis=1) / total)
        power[near] = 0
    return np.stack((newest, frequencies[0], shares[0], shares[0] + shares[1]), dtype=np.float32)


def _interpolated(power: Floats, rows: np.ndarray, peak: np.ndarray) -> Floats:
    before, top, after = (np.log(power[rows, peak + step] + 1e-12) for step in (-1, 0, 1))
    curve = np.minimum(before - 2 * top + after, -1e-6)
    return (peak + np.clip(0.5 * (before - after) / curve, -1, 1)).astype(np.float32)
