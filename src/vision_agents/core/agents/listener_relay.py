"""One participant's listener, which another may take over between two turns: no word is lost."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.agents.listener import Listener
from vision_agents.core.aio.flag import Flag
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.turns.observations import Floor
from vision_agents.core.types.units import Seconds

_OVERLAP: Seconds = 0.3
"""Audio that both listeners hear: longer than the beginning of a word that is not yet taken for speech."""


class ListenerRelay:
    """Passes everything on to the present listener.

    Args:
        make: makes a listener of the parts as they are at that moment.
        retired: takes the one whose place was taken.
    """

    def __init__(self, make: Callable[[], Listener], retired: Callable[[Listener], None]) -> None:
        self._make = make
        self._retired = retired
        self._listener = make()
        self._floor = Floor.FREE
        self._recent: list[PcmData] = []
        self._renewing = False
        self._steady = Flag(is_set=True)

    @property
    def pending(self) -> bool:
        """Whether the participant's turn has begun and not ended."""
        return self._listener.pending

    @property
    def turn_began(self) -> Seconds | None:
        """When the present turn began, on the event loop's clock; None between turns."""
        return self._listener.turn_began

    def renew(self) -> None:
        """Let a new listener take over as soon as the participant is between two turns."""
        self._renewing = True
        self._steady.clear()

    async def steady(self) -> None:
        """Return when the new listener has taken over, or there is nobody to listen to any more."""
        await self._steady.wait()

    def push(self, pcm: PcmData) -> None:
        """Take the next piece of audio."""
        self._listener.push(pcm)
        if self._renewing:
            self._keep(pcm)

    def floor_changed(self, floor: Floor) -> None:
        """Hear what the agent is doing now."""
        self._floor = floor
        self._listener.floor_changed(floor)

    def begin_turn(self) -> None:
        """Open a turn by hand."""
        self._listener.begin_turn()

    def end_turn(self) -> None:
        """End the turn by hand."""
        self._listener.end_turn()

    async def close(self) -> None:
        """Stop listening."""
        self._renewing = False
        self._steady.set()
        await self._listener.close()

    def _keep(self, pcm: PcmData) -> None:
        if self._listener.pending:  # what the old one hears the new one must not hear again
            self._recent.clear()
            return
        self._recent.append(pcm)
        length = sum(piece.duration for piece in self._recent)
        while length - self._recent[0].duration >= _OVERLAP:
            length -= self._recent.pop(0).duration
        if length >= _OVERLAP:
            self._take_over()

    def _take_over(self) -> None:
        old, self._listener = self._listener, self._make()
        self._listener.floor_changed(self._floor)
        recent, self._recent = self._recent, []
        for piece in recent:
            self._listener.push(piece)
        self._renewing = False
        self._steady.set()
        self._retired(old)
