"""A VAD of a few lines, for agents that bring none: loudness above the noise of the room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vision_agents.core.vad.vad import VAD, VADStream

_FLOOR_DB = -60.0
"""Quieter than this is never speech."""
_MARGIN_DB = 12.0
"""How far above the noise the voice must be for a probability of one half."""
_RISE_DB = 0.03
"""How fast the noise estimate follows a louder room, a window; it falls at once."""


class EnergyVAD(VAD):
    """Tells loud from quiet, not voices from noises: a model is better where one is at hand."""

    provider = "energy"

    def open(self) -> VADStream:
        """Begin to follow one speaker."""
        return _EnergyStream()


class _EnergyStream(VADStream):
    def __init__(self) -> None:
        self._noise_db = _FLOOR_DB

    def process(self, window: npt.NDArray[np.float32]) -> float:
        power = float(np.dot(window, window)) / len(window)
        level = 10 * np.log10(power + 1e-12)
        self._noise_db = min(max(level, _FLOOR_DB - _MARGIN_DB), self._noise_db + _RISE_DB)
        above = level - max(self._noise_db, _FLOOR_DB) - _MARGIN_DB
        return float(1 / (1 + np.exp(-np.clip(above / 2, -30, 30))))

    def reset(self) -> None:
        self._noise_db = _FLOOR_DB
