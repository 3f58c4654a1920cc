"""The store of a registry whose nodes share a Redis server.

It needs the extra `redis`. Give the server ``maxmemory-policy noeviction``. Sentinel, Cluster and TLS work
through `client`, or a ``rediss://`` URL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol, cast

from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.redis_connections import StepConnections
from vision_agents.core.launcher.registry.redis_rows import RedisClient, RedisRows
from vision_agents.core.types.units import Seconds

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import NoScriptError
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Sessions on Redis need the redis package: pip install 'open-vision-agents[redis]'",
        name="redis",
    ) from missing

_TIMEOUT: Seconds = 1.0
_LIKELY_READ_TIMEOUT: Seconds = 2.0
_SCANNED_AT_ONCE = 100
_CONNECTIONS = 8
"""More would not be faster: the server does one thing at a time."""

_SET_MANY = """
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end
"""
_EXPIRE_MANY = """
for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
"""


class _FullClient(RedisClient, Protocol):
    connection_pool: Any

    def scan_iter(self, match: str, count: int) -> AsyncIterator[Any]: ...

    async def aclose(self) -> None: ...


class RedisSessionKVStore(RedisRows, SessionKVStore):
    """Keeps everything on a Redis server (5 or newer), which all nodes share.

    Args:
        client: a `redis.asyncio` client, which stays yours to close.
        url: of a server: ``redis://``, ``rediss://`` or ``unix://``; this, or a client.
        key_prefix: what all keys begin with. They share the hash tag ``{registry}``, or yours if it has one.

    Raises:
        ValueError: not exactly one of `client` and `url` was given.
    """

    def __init__(
        self, *, client: Any = None, url: str | None = None, key_prefix: str = "vision_agents:"
    ) -> None:
        if (client is None) == (url is None):
            raise ValueError("Give exactly one of client and url.")
        self._full: _FullClient = client if url is None else _connect(url)
        self._own: list[_FullClient | StepConnections] = []
        steps: RedisClient = self._full
        if url is not None:
            steps = StepConnections(self._full.connection_pool, limit=_CONNECTIONS)
            self._own = [self._full, steps]
        self._prefix = key_prefix if "{" in key_prefix else f"{key_prefix}{{registry}}:"
        self._users = 0
        super().__init__(
            steps,
            reader=self._full,
            prefix=self._prefix,
            is_unknown_script=lambda error: isinstance(error, NoScriptError),
            read_timeout=_read_timeout(client) if url is None else None,
        )

    async def start(self) -> None:
        """Look whether the server answers."""
        await self._full.execute_command("PING")
        self._users += 1

    async def close(self) -> None:
        """Disconnect when the last user leaves, unless the client was given."""
        self._users = max(self._users - 1, 0)
        if self._users == 0:
            for client in self._own:
                await client.aclose()

    async def set(self, key: str, value: bytes, ttl: Seconds, *, only_if_exists: bool = False) -> None:
        """Keep `value` for `ttl` seconds; with `only_if_exists` only where there is such a key."""
        options = ("XX",) if only_if_exists else ()
        await self._full.execute_command("SET", self._key(key), value, "PX", _ms(ttl), *options)

    async def mset(self, items: Sequence[tuple[str, bytes, Seconds]]) -> None:
        """Keep several values, each for its own time, in one step."""
        if items:
            keys = [self._key(key) for key, _, _ in items]
            values = [part for _, value, ttl in items for part in (value, _ms(ttl))]
            await self._full.execute_command("EVAL", _SET_MANY, len(keys), *keys, *values)

    async def expire(self, *keys: str, ttl: Seconds) -> None:
        """Keep these for `ttl` seconds from now, in one step."""
        if keys:
            names = [self._key(key) for key in keys]
            await self._full.execute_command("EVAL", _EXPIRE_MANY, len(names), *names, _ms(ttl))

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None."""
        return _bytes_or_none(await self._full.execute_command("GET", self._key(key)))

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Give the values in the order of the keys, None where there is none."""
        if not keys:
            return []
        values = await self._full.execute_command("MGET", *map(self._key, keys))
        return [_bytes_or_none(value) for value in values]

    async def keys(self, prefix: str) -> list[str]:
        """List the keys that begin with `prefix`; it looks at all keys of the server and is for rare use."""
        # What the caller asks for never becomes part of a pattern.
        own = self._key("")
        pattern = "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in own) + "*"
        found: list[str] = []
        async for name in self._full.scan_iter(match=pattern, count=_SCANNED_AT_ONCE):
            key = (name.decode() if isinstance(name, bytes) else str(name)).removeprefix(own)
            if key.startswith(prefix):
                found.append(key)
        return found

    async def delete(self, keys: Sequence[str]) -> None:
        """Forget these."""
        if keys:
            await self._full.execute_command("DEL", *map(self._key, keys))

    def _key(self, key: str) -> str:
        return f"{self._prefix}kv:{key}"


def _connect(url: str) -> _FullClient:
    """Make a client without patience of its own: the registry decides what takes too long."""
    pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
        url,
        max_connections=_CONNECTIONS,
        timeout=_TIMEOUT,
        socket_timeout=None,
        socket_connect_timeout=_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        # A new connection to a far server is not to spend its second on greetings.
        protocol=2,
        driver_info=None,
    )
    return cast("_FullClient", Redis.from_pool(pool))


def _read_timeout(client: Any) -> Seconds | None:
    """Find out how long a client that was given waits for a reply; a blocking read must be shorter."""
    pool = getattr(client, "connection_pool", None)
    settings: dict[str, Any] = getattr(pool, "connection_kwargs", None) or {}
    return settings.get("socket_timeout", _LIKELY_READ_TIMEOUT)


def _ms(ttl: Seconds) -> int:
    return max(round(ttl * 1000), 1)


def _bytes_or_none(value: Any) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
