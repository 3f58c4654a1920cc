"""What a node still has to tell the store, or will have to tell it again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vision_agents.core.launcher.registry.port import DAY_MS
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.types.units import Seconds

_CAPACITY = 10_000
"""How much is remembered; beyond that the oldest is forgotten."""

_CLOSE_LIFETIME: Seconds = DAY_MS / 1000


class Unsaid:
    """Sessions whose end the store did not hear, and requests to close that it may lose.

    An end is worth saying as long as the session could still be listed. A request to close is repeated
    whenever the store begins a new epoch: it was accepted, so it must not get lost with the store's data.
    """

    def __init__(self) -> None:
        self.ended: dict[SessionKey, tuple[SessionInfo, Seconds]] = {}
        self._closes: dict[SessionKey, Seconds] = {}
        self._epoch: str | None = None

    def note_ended(self, info: SessionInfo, *, lasts: Seconds) -> None:
        """Remember a session that is not to be listed any more, for `lasts` seconds."""
        self.ended[info.key] = (info, _now() + lasts)
        _forget_oldest(self.ended)

    def take_ended(self, limit: int) -> Sequence[SessionInfo]:
        """Give what is to be said now; what is too old is forgotten."""
        now = _now()
        self.ended = {key: noted for key, noted in self.ended.items() if noted[1] > now}
        return [info for info, _ in list(self.ended.values())[:limit]]

    def note_close(self, key: SessionKey) -> None:
        """Remember a request to close that was accepted here."""
        self._closes[key] = _now() + _CLOSE_LIFETIME
        _forget_oldest(self._closes)

    def closes_to_repeat(self, epoch: str) -> Sequence[SessionKey]:
        """Give the requests that the store may have lost; none while its epoch is the same."""
        if epoch == self._epoch:
            return ()
        now = _now()
        self._closes = {key: until for key, until in self._closes.items() if until > now}
        if not self._closes:
            self._epoch = epoch
        return list(self._closes)

    def closes_repeated(self, epoch: str) -> None:
        """Say that in this epoch the store knows all requests."""
        self._epoch = epoch


def _forget_oldest(kept: dict[SessionKey, Seconds] | dict[SessionKey, tuple[SessionInfo, Seconds]]) -> None:
    if len(kept) > _CAPACITY:
        del kept[next(iter(kept))]


def _now() -> Seconds:
    return asyncio.get_running_loop().time()
