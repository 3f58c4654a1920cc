"""Cutting long speech where it is quietest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
