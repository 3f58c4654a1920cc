"""A source of sound that is neither a participant nor the agent's voice."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.audio.pcm import PcmData


class AudioTrack:
    """Sound as it comes: whoever listens gets each piece at once, on the event loop, and must not wait."""

    def __init__(self) -> None:
        self.ended = False
        """Whether nothing more will come."""
        self._listeners: list[Callable[[PcmData], None]] = []

    def push(self, pcm: PcmData) -> None:
        """Let a piece be heard, of any rate and length; call it on the event loop."""
        if not self.ended:
            for listener in tuple(self._listeners):
                listener(pcm)

    def listen(self, listener: Callable[[PcmData], None]) -> None:
        """Let `listener` have every piece from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[PcmData], None]) -> None:
        """Give `listener` no more; one that does not listen is ignored."""
        self._listeners = [known for known in self._listeners if known != listener]

    def end(self) -> None:
        """Make no more sound."""
        self.ended = True
        self._listeners.clear()
