"""Two channels on one clock: where a recording puts what was heard, and when."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData, Samples
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.types.units import Seconds

_Stereo: TypeAlias = npt.NDArray[np.int16]

_TOLERANCE: Seconds = 0.06


class StereoTimeline:
    """Places pieces by the time at which they were heard, and gives the mix from the start on, in order.

    The pieces of one source follow each other without a seam while they come nearly on time; after a gap
    of more than 60 ms the source begins anew at its time. Sources of one channel are added up.

    Args:
        sample_rate: of the result, in Hz; pieces of other rates are converted.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._taken = 0  # samples that were given away
        self._mix = np.zeros((0, 2), np.int32)  # what follows them, and room for more
        self._ends: dict[Hashable, int] = {}
        self._resamplers: dict[tuple[Hashable, int], Resampler] = {}

    @property
    def taken(self) -> Seconds:
        """Until when the mix was given away."""
        return self._taken / self._sample_rate

    @property
    def end(self) -> Seconds:
        """When the last piece ends."""
        return max(self._ends.values(), default=0) / self._sample_rate

    def place(self, pcm: PcmData, *, source: Hashable, channel: int, at: Seconds) -> None:
        """Put a piece of `source` on channel 0 (left) or 1 (right), so that it begins at `at`.

        Where that was given away already, it begins as early as it can.
        """
        samples = self._convert(pcm, source)
        start = round(at * self._sample_rate)
        end = self._ends.get(source)
        if end is not None and start - end <= _TOLERANCE * self._sample_rate:
            start = end
        start = max(start - self._taken, 0)
        stop = start + len(samples)
        self._make_room(stop)
        self._mix[start:stop, channel] += samples
        self._ends[source] = self._taken + stop

    def cut(self, *, source: Hashable, channel: int, at: Seconds) -> None:
        """Silence a channel from `at` on: what `source`, alone on it, had placed there was not heard."""
        start = max(round(at * self._sample_rate), self._taken)
        if self._ends.get(source, 0) > start:
            self._mix[start - self._taken :, channel] = 0
            self._ends[source] = start

    def take(self, until: Seconds) -> Iterator[_Stereo]:
        """Give what was heard before `until` and not taken yet, in pieces of at most a second."""
        end = round(until * self._sample_rate)
        while (count := min(end - self._taken, self._sample_rate)) > 0:
            self._make_room(count)
            piece, self._mix = self._mix[:count], self._mix[count:]
            self._taken += count
            yield np.clip(piece, -32768, 32767).astype(np.int16)

    def _make_room(self, length: int) -> None:
        if length > len(self._mix):
            more = np.zeros((length - len(self._mix) + self._sample_rate, 2), np.int32)
            self._mix = np.concatenate((self._mix, more))

    def _convert(self, pcm: PcmData, source: Hashable) -> Samples:
        key = (source, pcm.sample_rate)
        if key not in self._resamplers:
            self._resamplers[key] = Resampler(pcm.sample_rate, self._sample_rate)
        return self._resamplers[key].process(pcm).to_int16().samples
