"""The filter behind sample rate conversion: a polyphase low-pass, evaluated only at the samples it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import Samples
from vision_agents.core.types.units import Seconds

Floats: TypeAlias = npt.NDArray[np.float32]

_MAX_DELAY: Seconds = 0.0015
_STOP_BAND_DB = 62.0
_KAISER_BETA = 0.1102 * (_STOP_BAND_DB - 8.7)
_TRANSITION = 0.25
"""Width of the transition band as a share of the lower Nyquist frequency, where the delay allows it."""
_FLOAT_SIZE = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """One millisecond as a matrix: a window of `taps - 1 + source` samples gives `target` samples."""

    source: int
    target: int
    matrix: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Filter:
    """Output `k` is row ``k * down % up`` of `phases` times the window that ends at ``k * down // up``."""

    up: int
    down: int
    delay: int
    phases: Floats
    block: _Block | None


@lru_cache(maxsize=64)
def _design(source_rate: int, target_rate: int) -> _Filter:
    """Compute the Kaiser-windowed low-pass of a pair of rates, shared by all streams."""
    common = gcd(source_rate, target_rate)
    up, down = target_rate // common, source_rate // common
    nyquist = min(source_rate, target_rate) / 2
    # Kaiser's rule: half the length of a filter is this over the width of its transition band.
    reach = (_STOP_BAND_DB - 7.95) / 28.71
    delay = int(min(_MAX_DELAY, reach / (_TRANSITION * nyquist)) * source_rate)
    cutoff = nyquist / source_rate - 0.14 * reach / delay
    # Distance, in source samples, of each tap from the moment that the phase stands for.
    distance = np.arange(up)[:, None] / up + delay - np.arange(2 * delay + 1)[None, :]
    inside = np.sqrt(np.clip(1 - (distance / delay) ** 2, 0, None))
    window = np.where(abs(distance) <= delay, np.i0(_KAISER_BETA * inside), 0)
    phases = np.sinc(2 * cutoff * distance) * window
    table = (phases / phases.sum(axis=1, keepdims=True)).astype(np.float32)
    return _Filter(up, down, delay, table, _design_block(source_rate, target_rate, table))


def _design_block(source_rate: int, target_rate: int, phases: Floats) -> _Block | None:
    """Lay the phases out as a block Toeplitz matrix, where a millisecond is a whole number of samples."""
    if source_rate % 1000 or target_rate % 1000:
        return None
    source, target = source_rate // 1000, target_rate // 1000
    up, taps = phases.shape
    matrix = np.zeros((taps - 1 + source, target), np.float32)
    for column in range(target):
        start, phase = divmod(column * source * up // target, up)
        matrix[start : start + taps, column] = phases[phase]
    return _Block(source, target, matrix)


class PolyphaseStream:
    """One stream through the filter; `delay` is in source samples.

    Pieces of whole milliseconds, aligned from the start, take one matrix product. Everything else
    (44.1 kHz, odd pieces) gathers a window for each output, which costs some four times as much.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._design = _design(source_rate, target_rate)
        self.delay = self._design.delay
        self._history = 2 * self.delay
        self._max_piece = source_rate // 10
        self._buffer = np.zeros(self._history, np.float32)
        self._size = 0
        self._offset = 0  # of the next output, in 1/up source samples after the first new sample
        self._rows: Floats | None = None

    def reset(self) -> None:
        """Start anew, after silence."""
        self._offset = 0
        self._buffer.fill(0)

    def prime(self, samples: Samples) -> None:
        """Take `delay` samples as the past, right after `reset`: what comes next is not delayed."""
        self._load(samples)

    @property
    def piece(self) -> int:
        """Length of the last piece: another of that length is cheap."""
        return self._size

    def count(self, size: int) -> int:
        """Tell how many samples will come out of the next `size`."""
        return max(0, -((self._offset - size * self._design.up) // self._design.down))

    def process(self, samples: Samples) -> Floats:
        """Filter the next piece; the result is valid until the next call."""
        step = self._max_piece  # bounds the working memory
        if len(samples) > step:
            parts = range(0, len(samples), step)
            return np.concatenate([self.process(samples[at : at + step]).copy() for at in parts])
        self._load(samples)
        if self._rows is not None and self._design.block is not None and self._offset == 0:
            # `dot`, for `matmul` takes half as long again where rows overlap.
            return self._rows.dot(self._design.block.matrix, out=self._result).reshape(-1)
        return self._gather()

    def _load(self, samples: Samples) -> None:
        if len(samples) != self._size:
            self._fit(len(samples))
        buffer = self._buffer
        buffer[: self._history] = buffer[self._size :]
        buffer[self._history :] = samples

    def _fit(self, size: int) -> None:
        """Make the buffer and the views of it for pieces of `size` samples; the past is carried over."""
        buffer = np.zeros(self._history + size, np.float32)
        buffer[size:] = self._buffer[self._size :]
        self._buffer, self._size = buffer, size
        block, self._rows = self._design.block, None
        if block is not None and size % block.source == 0:
            shape = (size // block.source, len(block.matrix))
            self._rows = np.ndarray(
                shape, np.float32, buffer, strides=(block.source * _FLOAT_SIZE, _FLOAT_SIZE)
            )
            self._result = np.empty((shape[0], block.target), np.float32)

    def _gather(self) -> Floats:
        design, end = self._design, self._size * self._design.up
        count = self.count(self._size)
        at, phase = np.divmod(self._offset + np.arange(count) * design.down, design.up)
        self._offset += count * design.down - end
        shape = (self._size, self._history + 1)
        windows: Floats = np.ndarray(shape, np.float32, self._buffer, strides=(_FLOAT_SIZE, _FLOAT_SIZE))
        return np.einsum("ij,ij->i", windows[at], design.phases[phase])
