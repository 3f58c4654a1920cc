"""The store of a registry whose nodes are all in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.memory_rows import MemoryRows
from vision_agents.core.types.units import Seconds


class InMemorySessionKVStore(MemoryRows, SessionKVStore):
    """Keeps everything in this process until the last registry that started it has closed it.

    Args:
        cleanup_interval: seconds between two looks for values that have run out; reading never gives them.

    Raises:
        ValueError: `cleanup_interval` is not a positive number.
    """

    def __init__(self, *, cleanup_interval: Seconds = 60.0) -> None:
        if not cleanup_interval > 0:
            raise ValueError(f"cleanup_interval must be > 0, not {cleanup_interval}.")
        super().__init__()
        self._cleanup_interval = cleanup_interval
        self._cleaned_at: Seconds | None = None
        self._values: dict[str, tuple[bytes, Seconds]] = {}
        self._users = 0

    async def start(self) -> None:
        """Count one more user."""
        self._users += 1

    async def close(self) -> None:
        """Clear all data when the last user leaves."""
        self._users -= 1
        if self._users <= 0:
            self._users = 0
            self._values.clear()
            self.clear()

    async def set(self, key: str, value: bytes, ttl: Seconds, *, only_if_exists: bool = False) -> None:
        """Keep `value` for `ttl` seconds; with `only_if_exists` only where there is such a key."""
        if not only_if_exists or await self.get(key) is not None:
            await self.mset([(key, value, ttl)])

    async def mset(self, items: Sequence[tuple[str, bytes, Seconds]]) -> None:
        """Keep several values, each for its own time."""
        now = self._clean()
        for key, value, ttl in items:
            self._values[key] = (value, now + ttl)

    async def expire(self, *keys: str, ttl: Seconds) -> None:
        """Keep these for `ttl` seconds from now."""
        found = await self.mget(keys)
        await self.mset(
            [(key, value, ttl) for key, value in zip(keys, found, strict=True) if value is not None]
        )

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None."""
        value, until = self._values.get(key, (None, 0.0))
        return value if until > _now() else None

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values in the order of the keys, None where there is none."""
        return [await self.get(key) for key in keys]

    async def keys(self, prefix: str) -> list[str]:
        """List the keys that begin with `prefix`."""
        now = _now()
        return [key for key, (_, until) in self._values.items() if until > now and key.startswith(prefix)]

    async def delete(self, keys: Sequence[str]) -> None:
        """Forget these."""
        for key in keys:
            self._values.pop(key, None)

    def _clean(self) -> Seconds:
        now = _now()
        if self._cleaned_at is None or now >= self._cleaned_at + self._cleanup_interval:
            self._cleaned_at = now
            self._values = {key: kept for key, kept in self._values.items() if kept[1] > now}
        return now


def _now() -> Seconds:
    return asyncio.get_running_loop().time()
