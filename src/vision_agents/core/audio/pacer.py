"""Paced output: one frame each 20 ms, as long as there is something to play."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.units import Seconds

FRAME: Seconds = 0.02
"""Length of a frame on its way to the edge."""

REANCHOR_AFTER: Seconds = 0.2
"""Later than this, the grid starts anew: catching up would play a burst."""

LATENESS_BOUNDS: tuple[Seconds, ...] = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, REANCHOR_AFTER)


class PacerStats:
    """What a pacer counted: the health of the event loop as the caller hears it.

    `lateness[i]` counts frames that were at most ``LATENESS_BOUNDS[i]`` late, and more than the bound before;
    the last entry counts the later ones.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.reanchors = 0
        self.max_lateness: Seconds = 0.0
        self.lateness = [0] * (len(LATENESS_BOUNDS) + 1)

    def count(self, lateness: Seconds) -> None:
        """Count one frame."""
        self.frames += 1
        self.lateness[bisect_left(LATENESS_BOUNDS, lateness)] += 1
        self.max_lateness = max(self.max_lateness, lateness)


class Pacer:
    """Pulls frames and emits them at absolute deadlines of the running loop's clock.

    While `pull` has nothing it rests, without a timer, until the next `kick`. A kick emits at once, but
    never sooner after the last frame than one frame's length.

    Args:
        pull: gives the next frame, or None where there is nothing to play.
        emit: sends a frame to the edge.
        on_error: hears what `pull` or `emit` raised; the pacer has stopped by then.
    """

    def __init__(
        self,
        pull: Callable[[], PcmData | None],
        emit: Callable[[PcmData], None],
        *,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._pull = pull
        self._emit = emit
        self._on_error = on_error
        self._timer: asyncio.TimerHandle | None = None
        self._due: Seconds = float("-inf")  # of the next frame, on the grid
        self._earliest: Seconds = float("-inf")  # for the next frame after a rest
        self._active = False
        self._kicked = False
        self._stopped = False
        self.stats = PacerStats()

    @property
    def idle(self) -> bool:
        """Whether there was nothing to play and a `kick` is needed."""
        return not self._active

    def kick(self) -> None:
        """Tell that there is something to play; call it on the event loop, as often as you like."""
        self._kicked = True
        if self._active or self._stopped:
            return
        self._active = True
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._due <= now:
            self._due = now
            self._tick(loop, now)
        else:
            self._timer = loop.call_at(self._due, self._on_timer, loop)

    def stop(self) -> None:
        """Play nothing more, for good."""
        self._stopped = True
        self._active = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._tick(loop, loop.time())

    def _tick(self, loop: asyncio.AbstractEventLoop, now: Seconds) -> None:
        self._kicked = False
        try:
            frame = self._pull()
            if frame is not None and not self._stopped:
                self._account(now)
                self._emit(frame)
        except Exception as error:  # noqa: BLE001 - the top of a callback
            self.stop()
            self._on_error(error)
            return
        # A kick from within a `pull` that still had nothing counts: it is asked again.
        self._active = not self._stopped and (frame is not None or self._kicked)
        if self._active:
            self._timer = loop.call_at(self._due, self._on_timer, loop)
        else:
            self._due = max(self._due, self._earliest)

    def _account(self, now: Seconds) -> None:
        """Count the frame that goes out now, and set the deadline of the next one."""
        lateness = max(0.0, now - self._due)
        self.stats.count(lateness)
        if lateness > REANCHOR_AFTER:
            self.stats.reanchors += 1
            self._due = now
        self._due += FRAME
        self._earliest = now + FRAME
