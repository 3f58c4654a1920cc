"""The last resort at the end of a process: what does not let itself be ended is left behind."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType

from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.runner")


class Watchdog:
    """Ends the process when its time is over, even while the event loop or a thread is stuck.

    Use it with ``with``: leaving the block disarms it, unless threads are left that Python would wait for.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def arm(self, after: Seconds, *, code: int) -> None:
        """End the process after `after` seconds from now, with an exit code; the last call counts."""
        self.disarm()
        self._timer = threading.Timer(after, _exit, [code])
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> None:
        """Let the process live."""
        if self._timer is not None:
            self._timer.cancel()

    def __enter__(self) -> Watchdog:
        """Begin the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disarm, where the process will end by itself."""
        if not [t for t in threading.enumerate() if t is not threading.current_thread() and not t.daemon]:
            self.disarm()


def _exit(code: int) -> None:
    logger.error("The process did not end in time: what still runs is left behind")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
