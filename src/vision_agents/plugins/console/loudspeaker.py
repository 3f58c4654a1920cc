"""What waits to be played, and how much of it was not heard yet."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.console.echo import FarEnd, Int16

CUSHION: Seconds = 0.04
"""Silence before sound that follows silence: frames may then come so much late and no gap is heard."""
_CROSSFADE: Seconds = 0.005
_MOST_PENDING: Seconds = 1.0


class Loudspeaker:
    """A queue of samples: the event loop puts in, the device's thread takes out.

    Args:
        rate: of all samples, in Hz; mono int16.
        far_end: hears what is taken out.
        clock: the event loop's; the device's thread reads it, too.
    """

    def __init__(self, rate: int, far_end: FarEnd, clock: Callable[[], Seconds]) -> None:
        self.rate = rate
        self.dropped = 0
        """Samples that a device which stood still has never taken."""
        self._far_end = far_end
        self._clock = clock
        self._lock = threading.Lock()
        self._pieces: deque[Int16] = deque()
        self._pending = 0
        self._heard_until: Seconds = 0.0

    def play(self, samples: Int16) -> None:
        """Play after what is waiting."""
        with self._lock:
            if not self._pending and self._clock() >= self._heard_until:
                self._put(np.zeros(round(CUSHION * self.rate), np.int16))
            self._put(samples)
            while self._pending > _MOST_PENDING * self.rate:
                oldest = self._pieces.popleft()
                self._pending -= len(oldest)
                self.dropped += len(oldest)

    def flush(self, last: Int16 | None = None) -> None:
        """Drop what is waiting, and end with `last`, which fades out; without a click."""
        with self._lock:
            count = min(round(_CROSSFADE * self.rate), self._pending)
            head = np.concatenate([*self._pieces, np.zeros(0, np.int16)])[:count]
            self._pieces.clear()
            self._pending = 0
            if (ending := _ending(head, last)) is not None:
                self._put(ending)

    @property
    def unplayed(self) -> Seconds:
        """How long until the last sample that was put in has been heard."""
        with self._lock:
            in_device = max(0.0, self._heard_until - self._clock())
            return self._pending / self.rate + in_device

    def fill(self, room: Int16, delay: Seconds) -> None:
        """Fill the device's next block, of which the first sample is heard in `delay` seconds."""
        with self._lock:
            filled = 0
            while self._pieces and filled < len(room):
                piece = self._pieces.popleft()
                part, rest = piece[: len(room) - filled], piece[len(room) - filled :]
                room[filled : filled + len(part)] = part
                filled += len(part)
                if len(rest):
                    self._pieces.appendleft(rest)
            room[filled:] = 0
            self._pending -= filled
            if filled:
                self._heard_until = self._clock() + delay + filled / self.rate
        self._far_end.push(room.copy())

    def _put(self, samples: Int16) -> None:
        self._pieces.append(samples)
        self._pending += len(samples)


def _ending(head: Int16, last: Int16 | None) -> Int16 | None:
    """Lead from the sound that would have come next to the last frame, or to silence."""
    if not len(head):
        return last
    ramp = np.linspace(1, 0, len(head), dtype=np.float32)
    leaving = head * ramp
    if last is None:
        return leaving.astype(np.int16)
    ending = last.astype(np.float32)
    count = min(len(head), len(last))
    ending[:count] = ending[:count] * (1 - ramp[:count]) + leaving[:count]
    return ending.astype(np.int16)
