"""Cutting a stream into pieces of one size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData, Samples

_Window: TypeAlias = npt.NDArray[np.float32]
# An array and not a scalar, which numpy would turn into an array for each window.
_UNIT = np.array(1 / 32768, np.float32)


class Chunker:
    """Takes pieces of any length and gives pieces of exactly `size` samples; copies a sample at most once.

    The pieces of one stream share format, channels and rate; another kind may begin after `flush`.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be >= 1 sample, not {size}.")
        self._size = size
        self._partial: PcmData | None = None
        self._filled = 0

    def push(self, pcm: PcmData) -> list[PcmData]:
        """Add a piece; returns those that are now complete. They may share memory with `pcm`."""
        samples, size = pcm.samples, self._size
        done: list[PcmData] = []
        start = 0
        if self._partial is not None:
            start = self._fill(self._partial, pcm)
            if self._filled < size:
                return done
            done.append(self._partial)
            self._partial, self._filled = None, 0
        whole_end = start + (len(samples) - start) // size * size
        for at in range(start, whole_end, size):
            done.append(PcmData(samples[at : at + size], pcm.sample_rate))  # noqa: PERF401 - reads better
        if whole_end < len(samples):
            self._begin(samples[whole_end:], pcm.sample_rate)
        return done

    def flush(self, *, pad: bool = True) -> PcmData | None:
        """Give what is left, filled up with silence or (`pad=False`) short; None where nothing is left."""
        partial, filled = self._partial, self._filled
        self._partial, self._filled = None, 0
        if partial is None:
            return None
        return partial if pad else PcmData(partial.samples[:filled], partial.sample_rate)

    def _begin(self, rest: Samples, sample_rate: int) -> None:
        samples = np.zeros((self._size, *rest.shape[1:]), rest.dtype)
        samples[: len(rest)] = rest
        self._partial, self._filled = PcmData(samples, sample_rate), len(rest)

    def _fill(self, partial: PcmData, pcm: PcmData) -> int:
        """Copy into the piece that has begun; returns how many samples went there."""
        if (partial.sample_rate, partial.format, partial.channels) != (
            pcm.sample_rate,
            pcm.format,
            pcm.channels,
        ):
            raise ValueError("A chunker takes one kind of audio at a time: flush it before another begins.")
        count = min(self._size - self._filled, len(pcm))
        partial.samples[self._filled : self._filled + count] = pcm.samples[:count]
        self._filled += count
        return count


class FloatWindows:
    """Turns int16 mono audio into float32 windows of exactly `size` samples, full scale 1.0.

    There is one window, and it is used again: fifty times a second, what is not allocated is not paid for.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be >= 1 sample, not {size}.")
        self._window: _Window = np.empty(size, np.float32)
        self._filled = 0

    def push(self, samples: Samples) -> Iterator[tuple[_Window, int]]:
        """Add audio; gives each window that is complete now, and how many of `samples` come after it.

        A window is valid until the next one is asked for.
        """
        while len(samples) >= (room := len(self._window) - self._filled):
            self._window[self._filled :] = samples[:room]
            np.multiply(self._window, _UNIT, out=self._window)
            samples, self._filled = samples[room:], 0
            yield self._window, len(samples)
        end = self._filled + len(samples)
        self._window[self._filled : end] = samples
        self._filled = end

    def reset(self) -> None:
        """Forget the window that has begun."""
        self._filled = 0
