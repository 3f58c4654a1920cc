"""The audio of one stretch of speech, with a little from before it."""

from __future__ import annotations

from collections import deque

import numpy as np

from vision_agents.core.audio.pcm import PcmData, Samples
from vision_agents.core.types.units import Seconds

_LEFT_OVER: Seconds = 0.15
"""Kept of a stretch that has ended: only the silence at its end, for the next one may begin at once."""


class SpeechBuffer:
    """Holds the last `pre_roll` seconds until it is opened, then everything up to `limit` seconds.

    Args:
        sample_rate: of the int16 mono audio, in Hz.
        pre_roll: a detector notices a word a little after its beginning; this much of the past is kept.
        limit: the oldest audio beyond it is dropped.
    """

    def __init__(self, sample_rate: int, *, pre_roll: Seconds, limit: Seconds) -> None:
        self._sample_rate = sample_rate
        self._pre_roll = round(pre_roll * sample_rate)
        self._limit = round(limit * sample_rate)
        self._pieces: deque[Samples] = deque()
        self._length = 0
        self.is_open = False

    def push(self, samples: Samples) -> None:
        """Add the next piece."""
        self._pieces.append(samples)
        self._length += len(samples)
        self._forget(self._limit if self.is_open else self._pre_roll)

    def open(self) -> None:
        """Keep what is here and all that follows."""
        self.is_open = True

    def restart(self) -> None:
        """Forget what is older than the pre-roll, and keep all that follows."""
        self._forget(self._pre_roll)

    def close(self) -> None:
        """Forget the speech, and go back to keeping the pre-roll only."""
        self.is_open = False
        self._forget(min(self._pre_roll, round(_LEFT_OVER * self._sample_rate)))

    def _forget(self, keep: int) -> None:
        while self._pieces and self._length - len(self._pieces[0]) >= keep:
            self._length -= len(self._pieces.popleft())

    def read(self) -> PcmData:
        """Give what is held, oldest sample first."""
        samples = np.concatenate(list(self._pieces)) if self._pieces else np.zeros(0, np.int16)
        return PcmData(samples, self._sample_rate)
