"""Connections to a Redis server with as little as possible between a step and the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

_pack: Callable[[tuple[Any, ...]], bytes] | None = None
if find_spec("hiredis"):  # redis-py does without it
    _pack = import_module("hiredis").pack_command


class Connection(Protocol):
    """What is used of a `redis.asyncio.connection.Connection`."""

    is_connected: bool

    async def can_read(self) -> bool:
        """Tell whether something came that nobody asked for, the end of the connection included."""
        ...

    def pack_command(self, *args: Any) -> list[bytes]:
        """Put a command into bytes."""
        ...

    async def send_packed_command(self, command: bytes | list[bytes], *, check_health: bool) -> None:
        """Send a command, connecting first where that is needed."""
        ...

    async def read_response(self) -> Any:
        """Give the reply; the connection is cut when it does not come whole."""
        ...

    async def disconnect(self) -> None:
        """Cut the connection; it can be used again."""
        ...


class ConnectionMaker(Protocol):
    """What is used of a `redis.asyncio.ConnectionPool`: it knows the address and the password."""

    def make_connection(self) -> Connection:
        """Make a connection that is not connected yet."""
        ...


class StepConnections:
    """Does commands on a few connections: without repetitions, callbacks and records of its own.

    The client of redis-py costs more than the round trip to a near server. What it adds is not needed
    here: the registry bounds and repeats its steps itself.

    Args:
        maker: makes connections.
        limit: how many; who comes when all are in use waits.
    """

    def __init__(self, maker: ConnectionMaker, *, limit: int) -> None:
        self._maker = maker
        self._room = asyncio.Semaphore(limit)
        self._made: list[Connection] = []
        self._idle: list[Connection] = []

    async def execute_command(self, *args: Any) -> Any:
        """Send a command and give its reply.

        Raises:
            redis.RedisError: the server refused it, or the connection broke.
        """
        async with self._room:
            connection = self._idle.pop() if self._idle else self._new()
            try:
                if connection.is_connected and await connection.can_read():
                    await connection.disconnect()  # it was lost while nobody used it
                command = _pack(args) if _pack else connection.pack_command(*args)
                await connection.send_packed_command(command, check_health=False)
                return await connection.read_response()
            finally:
                self._idle.append(connection)

    async def aclose(self) -> None:
        """Disconnect; what comes later connects again."""
        for connection in self._made:
            await connection.disconnect()

    def _new(self) -> Connection:
        connection = self._maker.make_connection()
        self._made.append(connection)
        return connection
