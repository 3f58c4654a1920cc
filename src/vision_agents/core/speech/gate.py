"""A door before a voice: while it is closed the voice waits, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.speech.mixer import Source
from vision_agents.core.speech.playout import Int16


class Gate:
    """Lets a source be heard, or not yet.

    Args:
        source: what is behind it.
        opened: called when it opens.
    """

    def __init__(self, source: Source, opened: Callable[[], None]) -> None:
        self._source = source
        self._opened = opened
        self.closed = False

    def close(self) -> None:
        """Let the voice wait from now on."""
        self.closed = True

    def open(self) -> None:
        """Let it be heard."""
        self.closed = False
        self._opened()

    def read(self, count: int) -> Int16 | None:
        """Give the next samples; None while it is closed."""
        return None if self.closed else self._source.read(count)
