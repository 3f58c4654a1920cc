"""One output out of several sources: voices, and what plays behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.playout import Int16
from vision_agents.core.types.units import Seconds

_KEPT_FRAMES = 150
"""More than any transport holds back."""


class Source(Protocol):
    """Something that can be heard."""

    def read(self, count: int) -> Int16 | None:
        """Give exactly `count` mono samples, or None where there is nothing to play now."""
        ...


class Behind(Protocol):
    """A sound behind the voices; a `Clip` is one."""

    @property
    def sounding(self) -> bool:
        """Whether it is heard now."""
        ...

    @property
    def over(self) -> bool:
        """Whether it will never be heard again."""
        ...

    @property
    def recorded(self) -> bool:
        """Whether a recording of the agent holds it, too."""
        ...

    def read(self, count: int, *, under_voice: bool) -> npt.NDArray[np.float32] | None:
        """Give the next `count` samples, in the scale of int16; None while it is silent."""
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
        self.clips: list[Behind] = []
        """What plays behind the voices, or may."""
        self._past: list[npt.NDArray[np.float32]] = []
        self._fading: Int16 | None = None
        self._since_voice = 0
        self.apart = False
        """Whether the last frame holds something that no recording shall hold."""
        self.kept: PcmData | None = None
        """Then, what of that frame may be recorded; None for nothing."""

    @property
    def behind(self) -> bool:
        """Whether anything is heard behind the voices."""
        return any(clip.sounding for clip in self.clips)

    @property
    def since_voice(self) -> Seconds:
        """How much was given since the last frame with a voice in it."""
        return self._since_voice / self._sample_rate

    def add(self, source: Source) -> None:
        """Let a voice be heard."""
        self._sources.append(source)

    def add_behind(self, clip: Behind) -> None:
        """Let a sound be heard behind the voices, until it is over."""
        self.clips.append(clip)

    def fade(self, last: PcmData) -> None:
        """Let a voice that was cut end in the next frame."""
        self._fading = np.asarray(last.samples, np.int16)

    def pull(self) -> PcmData | None:
        """Give the next frame; None where no source has anything."""
        parts = [part for source in self._sources if (part := source.read(self._frame)) is not None]
        if self._fading is not None:
            parts.append(self._fading)
            self._fading = None
        self.apart, self.kept = False, None
        self._since_voice = 0 if parts else self._since_voice + self._frame
        if self.clips:
            return self._pull_with_clips(parts)
        return self._sum(parts) if parts else None

    def refill(self, dropped: int, last: PcmData | None) -> Iterator[PcmData]:
        """Give once more what played behind the last `dropped` samples, and let the voice end in it.

        The first piece may be shorter than a frame.
        """
        past = np.concatenate([np.zeros(dropped, np.float32), *self._past])[-dropped:]
        if last is not None:
            ending = last.samples[:dropped]
            past[: len(ending)] += ending
        self._since_voice += dropped
        whole = _to_int16(past)
        first = dropped % self._frame
        if first:
            yield PcmData(whole[:first], self._sample_rate)
        for at in range(first, dropped, self._frame):
            yield PcmData(whole[at : at + self._frame], self._sample_rate)

    def _pull_with_clips(self, voices: list[Int16]) -> PcmData | None:
        heard = [(clip, clip.read(self._frame, under_voice=bool(voices))) for clip in self.clips]
        sounds = [(clip, part) for clip, part in heard if part is not None]
        self.clips = [clip for clip in self.clips if not clip.over]
        if not sounds:
            self._past.clear()
            return self._sum(voices) if voices else None
        kept = [part for clip, part in sounds if clip.recorded]
        behind = _total([part for _, part in sounds])
        self._past.append(behind)
        del self._past[:-_KEPT_FRAMES]
        self.apart = len(kept) < len(sounds)
        if self.apart and (voices or kept):
            self.kept = self._sum([*voices, *kept])
        return self._sum([*voices, behind])

    def _sum(self, parts: Sequence[Int16 | npt.NDArray[np.float32]]) -> PcmData:
        if len(parts) == 1 and parts[0].dtype == np.int16:
            return PcmData(parts[0], self._sample_rate)
        return PcmData(_to_int16(_total(parts)), self._sample_rate)


def _total(parts: Sequence[Int16 | npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    total = parts[0].astype(np.float32)
    for part in parts[1:]:
        total += part
    return total


def _to_int16(samples: npt.NDArray[np.float32]) -> Int16:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
