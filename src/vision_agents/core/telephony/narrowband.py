"""What a telephone line carries: everything is listened to at 8 kHz, in windows that overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.types.units import Seconds

Floats = npt.NDArray[np.float32]

RATE = 8000
"""Samples a second, in Hz, of what is analysed."""
STEP = 80
"""Samples from one window to the next: 10 ms."""
STEP_SECONDS: Seconds = STEP / RATE


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows that have become complete, one a step.

    Args:
        samples: float32 in [-1, 1), shape ``(steps, window)``; shares memory between the rows.
        end: audio time at which the first window ends.
    """

    samples: Floats
    end: Seconds

    def end_of(self, step: int) -> Seconds:
        """Tell the audio time at which a window ends."""
        return self.end + step * STEP_SECONDS


class NarrowbandWindows:
    """Cuts a stream of any rate into windows of `size` samples at 8 kHz, one every 10 ms.

    Before the first sample there was silence. Audio time begins with the first sample; `skip` lets it pass.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept = np.zeros(size - STEP, np.float32)
        self._steps = 0
        self._resampler: Resampler | None = None

    def push(self, pcm: PcmData) -> Windows:
        """Take the next piece of audio, of any length, rate and format."""
        if self._resampler is None or self._resampler.source_rate != pcm.sample_rate:
            self._resampler = Resampler(pcm.sample_rate, RATE)
        return self._cut(self._resampler.process(pcm.to_mono().to_float32()).samples)

    def skip(self, duration: Seconds) -> Windows:
        """Let `duration` seconds pass in which nothing was heard; windows come of the first second."""
        samples = round(duration * RATE)
        unheard = max(0, samples - RATE) // STEP
        windows = self._cut(np.zeros(samples - unheard * STEP, np.float32))
        self._steps += unheard
        return windows

    def _cut(self, samples: npt.NDArray[np.int16 | np.float32]) -> Windows:
        heard = np.concatenate((self._kept, samples), dtype=np.float32)
        count = max(0, (len(heard) - self._size) // STEP + 1)
        self._kept = heard[count * STEP :]
        end = (self._steps + 1) * STEP_SECONDS
        self._steps += count
        if not count:
            return Windows(np.empty((0, self._size), np.float32), end)
        return Windows(np.lib.stride_tricks.sliding_window_view(heard, self._size)[::STEP], end)
