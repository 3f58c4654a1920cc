"""How loud it is at the moment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds

_FRESH: Seconds = 0.15
_QUIETEST_DB = -60.0
_FULL_SCALE = 32768.0


class Meter:
    """Takes frames, and tells how loud the last one was.

    Args:
        clock: the event loop's; a frame that came long ago is not heard any more.
    """

    def __init__(self, clock: Callable[[], Seconds]) -> None:
        self._clock = clock
        self._frame: PcmData | None = None
        self._at: Seconds = 0.0

    def take(self, frame: PcmData) -> None:
        """Keep the newest frame, mono int16; it is measured when somebody looks."""
        self._frame, self._at = frame, self._clock()

    def reset(self) -> None:
        """Be silent."""
        self._frame = None

    @property
    def height(self) -> float:
        """0.0 for -60 dB and quieter, 1.0 for full scale."""
        if self._frame is None or self._clock() - self._at > _FRESH or not len(self._frame):
            return 0.0
        samples = self._frame.samples.astype(np.float32)
        power = float(np.mean(np.square(samples))) / _FULL_SCALE**2
        decibels = 10 * np.log10(max(power, 1e-12))
        return float(np.clip(1 - decibels / _QUIETEST_DB, 0.0, 1.0))
