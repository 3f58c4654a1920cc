"""Cutting speech: where it is quietest, and where it begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# 35 dB below the loudest moment of a sentence there is no speech any more.
_AUDIBLE = 10 ** (-35 / 10)
# A last sound right at the end is easily misheard.
_TAIL_S = 0.1


def split_at_quietest(
    samples: npt.NDArray[np.float32], *, sample_rate: int, longest_s: float = 15.0, shortest_s: float = 10.0
) -> list[npt.NDArray[np.float32]]:
    """Cut audio into pieces of at most `longest_s`, each but the last at least `shortest_s` long.

    The cuts depend on what is before them and a moment behind, so that they stay where they are when
    more audio follows.
    """
    if not 0 < shortest_s < longest_s:
        raise ValueError(f"Pieces need 0 < shortest_s < longest_s, not {shortest_s} and {longest_s}.")
    longest, shortest = int(longest_s * sample_rate), int(shortest_s * sample_rate)
    pieces: list[npt.NDArray[np.float32]] = []
    while len(samples) > longest:
        cut = shortest + _quietest(samples[shortest:longest], window=sample_rate // 10)
        pieces.append(samples[:cut])
        samples = samples[cut:]
    pieces.append(samples)
    return pieces


def _quietest(samples: npt.NDArray[np.float32], *, window: int) -> int:
    """The middle of the window with the least energy."""
    energy = np.concatenate(([0.0], np.cumsum(samples.astype(np.float64) ** 2)))
    return int(np.argmin(energy[window:] - energy[:-window])) + window // 2


def with_lead(
    samples: npt.NDArray[np.float32], lead_s: float, *, sample_rate: int
) -> npt.NDArray[np.float32]:
    """Let speech begin after `lead_s` of what was before it, with silence in place of what is missing."""
    lead = int(lead_s * sample_rate)
    begin = _onset(samples, window=sample_rate // 100) - lead
    tail = np.zeros(int(_TAIL_S * sample_rate), np.float32)
    return np.concatenate((np.zeros(max(0, -begin), np.float32), samples[max(0, begin) :], tail))


def _onset(samples: npt.NDArray[np.float32], *, window: int) -> int:
    """The first window that is not far below the loudest one."""
    frames = samples[: len(samples) // window * window].reshape(-1, window)
    if not len(frames):
        return 0
    energy = (frames**2).mean(axis=1)
    return int(np.argmax(energy > energy.max() * _AUDIBLE)) * window
