"""Is the browser still there? Silence of some seconds is an interruption, of many the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media.settings import PeerSettings


class Liveness:
    """Watches for signs of life, on the event loop's clock.

    Args:
        settings: how long a silence may be.
        on_connected: the browser is there, for the first time or again.
        on_interrupted: it has been silent for ``interrupted_after``.
        on_lost: it has been silent for ``lost_after``, or never came within ``connect_timeout``.
    """

    def __init__(
        self,
        settings: PeerSettings,
        *,
        on_connected: Callable[[], None],
        on_interrupted: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._on_connected = on_connected
        self._on_interrupted = on_interrupted
        self._on_lost = on_lost
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at: Seconds = 0.0
        self._connected = False

    def start(self) -> None:
        """Wait for the browser to come."""
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._settings.connect_timeout, self._on_lost)

    def hear(self) -> None:
        """Take a sign of life; cheap enough for every packet."""
        if self._loop is None:
            return
        self._heard_at = self._loop.time()
        if not self._connected:
            self._connected = True
            self._wait(self._loop, self._settings.interrupted_after)
            self._on_connected()

    def stop(self) -> None:
        """Watch no more."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        limit = self._settings.interrupted_after if self._connected else self._settings.lost_after
        if loop.time() < self._heard_at + limit:
            self._wait(loop, limit)
        elif self._connected:
            self._connected = False
            self._wait(loop, self._settings.lost_after)
            self._on_interrupted()
        else:
            self._on_lost()

    def _wait(self, loop: asyncio.AbstractEventLoop, limit: Seconds) -> None:
        """Look again when the silence would be that long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._heard_at + limit, self._check, loop)
