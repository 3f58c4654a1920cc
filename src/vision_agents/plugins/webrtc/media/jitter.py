"""Order in audio packets: in order they pass at once, a hole waits a moment and is then given up."""

from __future__ import annotations

from dataclasses import dataclass

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media.stats import InboundStats

HOLD: Seconds = 0.06
"""A hole is given up so long after the last packet that was passed on, once a later packet is there."""

ENOUGH = 2
"""Or as soon as so many packets behind the hole have come."""

SETTLE: Seconds = 0.008
"""But never sooner after the hole was seen: the packets of a burst overtake one another."""

MAX_CONCEALED = 5
"""More lost packets in a row are skipped: 100 ms of guesswork is all that helps a listener."""

_RESTART_AHEAD = 3000
_RESTART_BEHIND = 300
_WRAP = 1 << 16


@dataclass(frozen=True, slots=True)
class Hole:
    """A lost packet; `following` is the one right after it, which may hold a spare copy of its sound."""

    following: bytes | None


Passed = list[bytes | Hole]


class JitterBuffer:
    """Sorts the packets of one stream; it reads no clock.

    Args:
        stats: where to count.
    """

    def __init__(self, stats: InboundStats) -> None:
        self._stats = stats
        self._next: int | None = None
        self._waiting: dict[int, bytes] = {}  # by sequence number, beyond a hole
        self._passed_at: Seconds = 0.0
        self._seen_at: Seconds = 0.0  # the hole

    @property
    def deadline(self) -> Seconds | None:
        """When to call `give_up`; None while there is no hole."""
        if not self._waiting:
            return None
        settled = self._seen_at + SETTLE
        return settled if len(self._waiting) >= ENOUGH else max(settled, self._passed_at + HOLD)

    def add(self, sequence: int, payload: bytes, *, now: Seconds) -> Passed:
        """Take a packet; returns what can be played now."""
        self._stats.packets += 1
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) % _WRAP
        if ahead >= _WRAP // 2:
            if _WRAP - ahead <= _RESTART_BEHIND:
                self._stats.late += 1
                return []
            ahead = self._restart(sequence)
        elif ahead > _RESTART_AHEAD:
            ahead = self._restart(sequence)
        if ahead == 0:
            return self._pass([payload], now)
        if sequence in self._waiting:
            self._stats.duplicates += 1
            return []
        if not self._waiting:
            self._seen_at = now
        self._waiting[sequence] = payload
        return self.give_up(now)

    def give_up(self, now: Seconds) -> Passed:
        """Wait no longer for holes whose deadline has come."""
        passed: Passed = []
        while (deadline := self.deadline) is not None and now >= deadline:
            passed += self._skip_hole(now)
        return passed

    def _skip_hole(self, now: Seconds) -> Passed:
        assert self._next is not None
        start = self._next
        lost = min((sequence - start) % _WRAP for sequence in self._waiting)
        concealed = min(lost, MAX_CONCEALED)
        self._stats.concealed += concealed
        self._stats.skipped += lost - concealed
        first = (start + lost) % _WRAP
        self._next = first
        holes: Passed = [Hole(None) for _ in range(concealed - 1)]
        return [*holes, Hole(self._waiting[first]), *self._pass([self._waiting.pop(first)], now)]

    def _pass(self, played: Passed, now: Seconds) -> Passed:
        """Go on behind the packet that is played, with those that waited behind it."""
        assert self._next is not None
        self._passed_at = now
        following = (self._next + 1) % _WRAP
        while self._waiting and (payload := self._waiting.pop(following, None)) is not None:
            played.append(payload)
            following = (following + 1) % _WRAP
        self._next = following
        return played

    def _restart(self, sequence: int) -> int:
        """Begin anew: the sender counts from somewhere else."""
        self._stats.restarts += 1
        self._stats.skipped += len(self._waiting)
        self._waiting.clear()
        self._next = sequence
        return 0
