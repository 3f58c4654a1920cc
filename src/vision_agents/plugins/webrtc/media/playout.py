"""The output clock: what is sent leaves at real-time speed, and the stream never stops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

from vision_agents.core.audio.pacer import FRAME, REANCHOR_AFTER
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media.stats import OutboundStats

SAMPLE_RATE = 48_000
FRAME_SAMPLES = 960

EARLY: Seconds = 0.019
"""A frame leaves at most so much before its time: what comes at real-time speed never waits, whatever its
phase, and a burst is no more than one frame ahead."""

TOO_LATE: Seconds = 0.04
"""A frame that leaves so long after its time is an underrun: the listener's own buffer may have run dry."""

GRACE: Seconds = 0.1
"""So long the clock waits for a late frame before it plays silence in its place: until then the listener's
concealment sounds better than a hole."""

_TIMER_SLACK: Seconds = 0.0005
"""A timer may fire so much early, by the rounding of clocks."""

_PAUSE_SLOTS = 10
"""A silence of more slots is a pause in the speech, no underrun."""

_MAX_QUEUED = 500
"""Frames, 10 s: who sends more has no clock."""

_WINDOW = 100
"""Frames; when all of them were late, the grid follows: the sender's clock is slower than ours."""

_QUIET = 64
"""Full scale is 32768: frames below can be left out unheard, to make up for silence that was put in."""

SILENCE = PcmData.silence(FRAME, SAMPLE_RATE)
"""What is emitted where there is nothing to play: this very object."""


class Playout:
    """Gives frames to `emit` at absolute deadlines, silence where there are none.

    Each frame has a slot, its place on a grid of 20 ms; slots that pass unused are left out. What comes
    before `start` or after `stop` is discarded.

    Args:
        emit: sends a frame at a slot.
        stats: where to count.
    """

    def __init__(self, emit: Callable[[PcmData, int], None], stats: OutboundStats) -> None:
        self._emit = emit
        self._stats = stats
        self._queue: deque[PcmData] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: Seconds = 0.0
        self._slot = 0
        self._silent_slots = 0  # since the last frame; beyond 0 the clock plays silence
        self._spoken = False
        self._owed = 0  # silent slots that were put in amid speech, to be made up for
        self._least_late: Seconds = float("inf")
        self._in_window = 0

    @property
    def unplayed(self) -> Seconds:
        """How much waits."""
        return len(self._queue) * FRAME

    def start(self) -> None:
        """Begin to play."""
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._arm(self._loop)

    def stop(self) -> None:
        """Play nothing more."""
        self._stats.discarded += len(self._queue)
        self._queue.clear()
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def push(self, frame: PcmData) -> None:
        """Play a frame after those that wait.

        Raises:
            ValueError: it is not 20 ms of mono int16 at 48 kHz.
        """
        if (
            frame.sample_rate != SAMPLE_RATE
            or frame.samples.shape != (FRAME_SAMPLES,)
            or frame.format != "s16"
        ):
            raise ValueError(
                f"Send 20 ms of mono int16 at {SAMPLE_RATE} Hz, not {frame.format} of the shape "
                f"{frame.samples.shape} at {frame.sample_rate} Hz."
            )
        if self._loop is None or len(self._queue) >= _MAX_QUEUED:
            self._stats.discarded += 1
            return
        self._queue.append(frame)
        self._play(self._loop)

    def flush(self, last: PcmData | None) -> None:
        """Drop what waits, and end with `last`."""
        self._stats.flushed += len(self._queue)
        self._queue.clear()
        self._owed = 0
        if last is not None:
            self.push(last)

    def _on_timer(self) -> None:
        self._timer = None
        if self._loop is None:
            return
        if self._queue:
            self._play(self._loop)
        else:
            self._play_silence(self._loop.time())
            self._arm(self._loop)

    def _play(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send what is due."""
        now = loop.time()
        while self._queue and now >= self._due - EARLY - _TIMER_SLACK:
            self._end_silence()
            self._make_up()
            self._account(max(0.0, now - self._due), now)
            self._stats.frames += 1
            self._send(self._queue.popleft())
        self._arm(loop)

    def _account(self, lateness: Seconds, now: Seconds) -> None:
        self._stats.pace.count(lateness)
        self._stats.underruns += lateness > TOO_LATE
        if lateness > REANCHOR_AFTER:
            self._stats.pace.reanchors += 1
            self._skip(now)
        self._least_late = min(self._least_late, lateness)
        self._in_window += 1
        if self._in_window >= _WINDOW:
            self._due += self._least_late
            self._least_late, self._in_window = float("inf"), 0

    def _make_up(self) -> None:
        """Leave out quiet frames while others wait: the delay that put-in silence has caused goes away."""
        while self._owed and len(self._queue) > 1 and int(np.abs(self._queue[0].samples).max()) < _QUIET:
            self._queue.popleft()
            self._owed -= 1
            self._stats.shortened += 1

    def _play_silence(self, now: Seconds) -> None:
        """Fill this slot; those that passed while the clock waited are left out."""
        self._silent_slots += self._skip(now) + 1
        self._stats.silence += 1
        self._send(SILENCE)

    def _send(self, frame: PcmData) -> None:
        slot = self._slot
        self._slot += 1
        self._due += FRAME
        self._emit(frame, slot)

    def _skip(self, now: Seconds) -> int:
        """Go to the slot that holds `now`."""
        passed = max(0, int((now - self._due) / FRAME))
        self._slot += passed
        self._due += passed * FRAME
        return passed

    def _end_silence(self) -> None:
        if self._spoken and 0 < self._silent_slots <= _PAUSE_SLOTS:
            self._stats.underruns += self._silent_slots
            self._owed += self._silent_slots
        elif self._silent_slots:
            self._owed = 0  # a pause: what follows begins on time
        self._silent_slots = 0
        self._spoken = True

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._queue:
            at = self._due - EARLY
        elif self._spoken and not self._silent_slots:
            at = self._due + GRACE
        else:
            at = self._due
        if self._timer is not None:
            if self._timer.when() == at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._on_timer)
