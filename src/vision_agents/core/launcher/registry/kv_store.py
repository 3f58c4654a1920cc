"""The key-value store that a registry can be given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from vision_agents.core.types.units import Seconds


class SessionKVStore(ABC):
    """Keeps bytes under keys, each for a time; subclass it to keep a registry's entries where you want.

    Missing keys are ignored by `expire` and `delete`. Any error means that the store cannot be reached.
    """

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Disconnect."""

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    @abstractmethod
    async def set(self, key: str, value: bytes, ttl: Seconds, *, only_if_exists: bool = False) -> None:
        """Keep `value` for `ttl` seconds; with `only_if_exists` only where there is such a key."""

    @abstractmethod
    async def mset(self, items: Sequence[tuple[str, bytes, Seconds]]) -> None:
        """Keep several values, each for its own time."""

    @abstractmethod
    async def expire(self, *keys: str, ttl: Seconds) -> None:
        """Keep these for `ttl` seconds from now."""

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """Give the value, or None."""

    @abstractmethod
    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values in the order of the keys, None where there is none."""

    @abstractmethod
    async def keys(self, prefix: str) -> list[str]:
        """List the keys that begin with `prefix`."""

    @abstractmethod
    async def delete(self, keys: Sequence[str]) -> None:
        """Forget these."""
