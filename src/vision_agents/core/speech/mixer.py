"""One output out of several sources: speech, and later what plays behind it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.playout import Int16


class Source(Protocol):
    """Something that can be heard."""

    def read(self, count: int) -> Int16 | None:
        """Give exactly `count` mono samples, or None where there is nothing to play now."""
        ...


class Mixer:
    """Adds up its sources, one 20 ms frame at a time.

    Args:
        sample_rate: of every source and of the output, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._frame = sample_rate // 50
        self._sources: list[Source] = []

    def add(self, source: Source) -> None:
        """Let a source be heard."""
        self._sources.append(source)

    def pull(self) -> PcmData | None:
        """Give the next frame; None where no source has anything."""
        parts = [part for source in self._sources if (part := source.read(self._frame)) is not None]
        if not parts:
            return None
        if len(parts) == 1:
            return PcmData(parts[0], self._sample_rate)
        total = np.sum(np.stack(parts), axis=0, dtype=np.int32)
        return PcmData(np.clip(total, -32768, 32767).astype(np.int16), self._sample_rate)
