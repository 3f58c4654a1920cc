"""A sound that plays behind the voices: once or round and round, softer while somebody speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.speech.playout import Int16
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducking:
    """How a sound gives way to the agent's voice.

    Args:
        depth_db: how much softer it gets, 0 to 60; 0 leaves it as it is.
        attack: how long it takes to get softer.
        release: how long it takes to come back.
    """

    depth_db: float = 12.0
    attack: Seconds = 0.1
    release: Seconds = 0.5

    def __post_init__(self) -> None:
        """Refuse what cannot be heard."""
        if not 0 <= self.depth_db <= 60 or not min(self.attack, self.release) > 0:
            raise ValueError(
                "Ducking needs depth_db between 0 and 60 and attack and release > 0 s, not "
                f"{self.depth_db}, {self.attack}, {self.release}."
            )

    @property
    def gain(self) -> float:
        """What is left of the sound under a voice."""
        return float(10 ** (-self.depth_db / 20))


class Ramp:
    """A gain that moves between two values, evenly.

    Args:
        value: where it begins.
        up: how much it rises a sample.
        down: how much it falls a sample.
    """

    def __init__(self, value: float, *, up: float, down: float) -> None:
        self.value = value
        self._up = up
        self._down = down

    def toward(self, target: float, count: int) -> npt.NDArray[np.float32] | float:
        """Give the gain of the next `count` samples on the way to `target`; one number where it is there."""
        if self.value == target:
            return target
        steps = np.arange(1, count + 1)
        if target > self.value:
            gains = np.minimum(self.value + self._up * steps, target)
        else:
            gains = np.maximum(self.value - self._down * steps, target)
        last = float(gains[-1])
        self.value = target if abs(last - target) < 1e-6 else last  # sums are rounded
        return gains.astype(np.float32)


class Clip:
    """One sound for the mixer; silent until `open`, and after `close` it goes on later where it was.

    Loops and changes of the sample rate leave no seam: the sound goes round in its own rate, and one
    resampler keeps its state for as long as it plays.

    Args:
        pcm: the sound, int16 mono, not empty.
        sample_rate: of the output, in Hz.
        volume: 0 to 1.
        looping: whether it begins anew at its end.
        fade: how long it takes to come and to go.
        ducking: how it gives way to a voice.
        recorded: whether a recording of the agent holds it, too.
    """

    def __init__(
        self,
        pcm: PcmData,
        sample_rate: int,
        *,
        volume: float = 1.0,
        looping: bool = False,
        fade: Seconds = 0.3,
        ducking: Ducking | None = None,
        recorded: bool = False,
    ) -> None:
        ducking = ducking or Ducking()
        self.recorded = recorded
        self.over = False
        """Whether it will never be heard again."""
        self.on_over: Callable[[], None] | None = None
        """Called once when it has ended, or faded away after `finish`."""
        self._samples: Int16 = np.asarray(pcm.samples, np.int16)
        self._resampler = Resampler(pcm.sample_rate, sample_rate)
        self._piece = max(1, pcm.sample_rate // 50)
        self._volume, self._looping = volume, looping
        self._under = ducking.gain
        step = 1 / max(1.0, fade * sample_rate)
        self._fade = Ramp(0.0, up=step, down=step)
        depth = 1 - ducking.gain
        self._duck = Ramp(
            1.0, up=depth / (ducking.release * sample_rate), down=depth / (ducking.attack * sample_rate)
        )
        self._position = 0
        self._ready: Int16 = np.zeros(0, np.int16)
        self._is_open = self._finishing = self._drained = False

    @property
    def sounding(self) -> bool:
        """Whether it is heard now."""
        return not self.over and (self._is_open or self._fade.value > 0)

    def open(self) -> None:
        """Be heard."""
        self._is_open = True

    def close(self) -> None:
        """Fade away, for the time being."""
        self._is_open = False

    def finish(self) -> None:
        """Fade away for good."""
        self._is_open, self._finishing = False, True
        if self._fade.value == 0:
            self._end()

    def read(self, count: int, *, under_voice: bool) -> npt.NDArray[np.float32] | None:
        """Give the next `count` samples, in the scale of int16; None while it is silent."""
        if not self.sounding:
            return None
        samples = self._next(count)
        fade = self._fade.toward(1.0 if self._is_open else 0.0, count)
        duck = self._duck.toward(self._under if under_voice else 1.0, count)
        if (self._finishing and self._fade.value == 0) or (self._drained and not len(self._ready)):
            self._end()
        return samples * (np.float32(self._volume) * fade * duck)

    def _next(self, count: int) -> npt.NDArray[np.float32]:
        while len(self._ready) < count and not self._drained:
            self._ready = np.concatenate((self._ready, self._convert()))
        samples = np.zeros(count, np.float32)
        samples[: len(self._ready)] = self._ready[:count]
        self._ready = self._ready[count:]
        return samples

    def _convert(self) -> Int16:
        """Bring the next piece into the output's rate."""
        if not self._looping and self._position >= len(self._samples):
            self._drained = True
            return np.asarray(self._resampler.flush().samples, np.int16)
        begin, end = self._position, self._position + self._piece
        if self._looping and end > len(self._samples):
            piece = self._samples.take(np.arange(begin, end), mode="wrap")
            end %= len(self._samples)
        else:
            piece = self._samples[begin:end]
        self._position = end
        converted = self._resampler.process(PcmData(piece, self._resampler.source_rate))
        return np.asarray(converted.samples, np.int16)

    def _end(self) -> None:
        if not self.over:
            self.over = True
            if self.on_over is not None:
                self.on_over()
