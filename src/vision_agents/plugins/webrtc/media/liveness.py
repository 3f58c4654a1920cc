"""Is the browser still there? Silence of some seconds is an interruption, of many the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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
        self._timer: asyncio.TimerHandle | None = None
        self._connected = False
        self._stopped = False

    def start(self) -> None:
        """Wait for the browser to come."""
        self._arm(self._settings.connect_timeout, self._on_lost)

    def hear(self, *, alive: bool) -> None:
        """Take a sign of life, or note that none came in time."""
        if self._stopped or not alive:
            return
        self._arm(self._settings.interrupted_after, self._interrupt)
        if not self._connected:
            self._connected = True
            self._on_connected()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _interrupt(self) -> None:
        self._connected = False
        self._arm(self._settings.lost_after - self._settings.interrupted_after, self._on_lost)
        self._on_interrupted()

    def _arm(self, delay: float, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay, action)
