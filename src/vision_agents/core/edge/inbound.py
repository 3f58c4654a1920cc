"""Clocked input: audio time of one participant never stops, whatever the transport leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds

_GRAIN: Seconds = 1e-6
"""Clocks and sums are rounded: nothing depends on less, and a deadline that has come is surely reached."""


class InboundAudio:
    """Stamps frames with audio time: seconds of sound since the first sample, gaps included.

    Loss, discontinuous transmission and the end of a stream leave the audio behind the clock. Such a gap is
    announced once, with its length, when the next frame or `advance` needs it; nothing runs while idle.
    A burst that comes early moves the anchor between audio time and the loop's clock to the earlier side.

    Args:
        on_audio: gets each frame and the audio time at which it begins.
        on_gap: gets the audio time at which a gap begins, and its duration.
        tolerance: how much later than one frame a frame may come before the wait counts as a gap.
    """

    def __init__(
        self,
        on_audio: Callable[[PcmData, Seconds], None],
        on_gap: Callable[[Seconds, Seconds], None],
        *,
        tolerance: Seconds = 0.06,
    ) -> None:
        if tolerance < 0:
            raise ValueError(f"tolerance must be >= 0 s, not {tolerance}.")
        self._on_audio = on_audio
        self._on_gap = on_gap
        self._tolerance = tolerance
        self._anchor: Seconds | None = None  # loop time at which audio time 0 was heard
        self._base: Seconds = 0.0  # audio time of the last gap's end or change of rate
        self._samples = 0  # since then
        self._sample_rate = 1
        self._frame: Seconds = 0.0
        self._pushed_at: Seconds = float("-inf")
        self._late: tuple[PcmData, Seconds] | None = None  # a late frame, and when it came
        self.position: Seconds = 0.0
        """Audio time at which the next frame begins, if it comes in time."""

    def push(self, pcm: PcmData) -> None:
        """Take the next frame, which was heard until now.

        A late frame waits for the next one: if that comes at once, nothing was lost but only held up (by the
        network, or by this process), and there is no gap.
        """
        if not len(pcm.samples):
            return
        now = asyncio.get_running_loop().time()
        self._frame = pcm.duration
        if self._anchor is None:
            self._anchor = now - self._frame
        follows_at_once = now - self._pushed_at < self._frame / 2
        self._pushed_at = now
        if self._late is not None:
            self._let_go(gap=not follows_at_once)
        if follows_at_once or self._lateness(now) <= self._tolerance + _GRAIN:
            self._deliver(pcm, now)
        else:
            self._late = (pcm, now)

    def advance(self) -> Seconds:
        """Announce the gap so far, if the next frame is overdue; returns the audio time reached."""
        self._let_go(gap=True)
        if (missing := self._missing) > 0:
            self._skip(missing + _GRAIN)
        return self.position

    def reached(self) -> Seconds:
        """Tell the audio time of this moment; a gap in which it lies is announced later, as any other."""
        return self.position + self._missing

    @property
    def _missing(self) -> Seconds:
        """How much audio should have come by now and has not; 0.0 while the next frame is not overdue."""
        if self._anchor is None:
            return 0.0
        missing = asyncio.get_running_loop().time() - self._anchor - self.position
        return missing if missing > self._frame + self._tolerance + _GRAIN else 0.0

    def _lateness(self, now: Seconds) -> Seconds:
        """How much later than expected a frame is that was heard until loop time `now`."""
        assert self._anchor is not None
        return now - self._anchor - self.position - self._frame

    def _let_go(self, *, gap: bool) -> None:
        """Pass on the frame that came late, after the gap before it."""
        if self._late is None:
            return
        (pcm, now), self._late = self._late, None
        if gap:
            self._skip(self._lateness(now))
        self._deliver(pcm, now)

    def _deliver(self, pcm: PcmData, now: Seconds) -> None:
        if pcm.sample_rate != self._sample_rate:
            self._base, self._samples = self.position, 0
            self._sample_rate = pcm.sample_rate
        at = self.position
        self._samples += len(pcm.samples)
        self.position = self._base + self._samples / self._sample_rate
        assert self._anchor is not None
        self._anchor = min(self._anchor, now - self.position)
        self._on_audio(pcm, at)

    def arrival(self, at: Seconds) -> Seconds:
        """Tell the loop time at which the sample at audio time `at` was or will be heard.

        Before the first frame: as if it began now.
        """
        if self._anchor is None:
            return asyncio.get_running_loop().time() + at
        return self._anchor + at

    def deadline(self, at: Seconds) -> Seconds:
        """Tell the loop time at which `advance` gives at least `at`, even if no frame comes any more."""
        if at <= self.position:
            return self.arrival(at)
        return self.arrival(max(at, self.position + self._frame + self._tolerance + 2 * _GRAIN))

    def _skip(self, duration: Seconds) -> None:
        """Let audio time pass without audio; it is moved first, so that the listener may ask for it."""
        at = self.position
        self.position = self._base = at + duration
        self._samples = 0
        self._on_gap(at, duration)
