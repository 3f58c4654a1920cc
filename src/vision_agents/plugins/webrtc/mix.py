"""Several voices at once: everybody hears the sum of the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds

RATE = 48_000
FRAME = RATE // 50
_TICK: Seconds = 0.02
_MOST_WAITING = 6
"""Frames of one voice: more would only be delay."""
_LATE: Seconds = 0.2

_Sum = npt.NDArray[np.int32]


class MixMinus:
    """Takes 20 ms frames of many voices and gives each listener the others' sum, every 20 ms.

    It ticks only while somebody makes a sound.

    Args:
        hear: called with what each listener hears; those who hear nothing are left out.
        listeners: who listens at the moment; a listener's own voice has the same key.
    """

    def __init__(self, hear: Callable[[str, PcmData], None], listeners: Callable[[], Iterable[str]]) -> None:
        self._hear = hear
        self._listeners = listeners
        self._waiting: dict[str, deque[npt.NDArray[np.int16]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next: Seconds = 0.0
        self.dropped = 0
        """Frames that came faster than they could be heard."""

    def put(self, voice: str, frame: PcmData) -> None:
        """Take the next frame of a voice: mono int16 at 48 kHz."""
        queue = self._waiting.setdefault(voice, deque())
        if len(queue) >= _MOST_WAITING:
            queue.popleft()
            self.dropped += 1
        samples = np.asarray(frame.samples, np.int16)[:FRAME]
        queue.append(np.pad(samples, (0, FRAME - len(samples))))
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._next = loop.time() + _TICK
            self._timer = loop.call_at(self._next, self._tick)

    def waiting(self, voice: str) -> Seconds:
        """How much of a voice was not heard yet."""
        return len(self._waiting.get(voice, ())) * _TICK

    def drop(self, voice: str) -> None:
        """Forget what a voice has not said yet."""
        self._waiting.pop(voice, None)

    def close(self) -> None:
        """Mix nothing more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        now = {voice: queue.popleft() for voice, queue in self._waiting.items() if queue}
        self._waiting = {voice: queue for voice, queue in self._waiting.items() if queue}
        if not now:
            return
        loop = asyncio.get_running_loop()
        self._next += _TICK
        if self._next < loop.time() - _LATE:
            self._next = loop.time()
        self._timer = loop.call_at(self._next, self._tick)
        self._spread(now)

    def _spread(self, now: Mapping[str, npt.NDArray[np.int16]]) -> None:
        total: _Sum = np.zeros(FRAME, np.int32)
        for samples in now.values():
            total += samples
        for listener in list(self._listeners()):
            own = now.get(listener)
            if own is not None and len(now) == 1:
                continue
            others = total if own is None else total - own
            self._hear(listener, PcmData(np.clip(others, -32_768, 32_767).astype(np.int16), RATE))
