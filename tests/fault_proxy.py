"""A TCP proxy that delays, swallows or cuts what passes through it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from vision_agents.core.aio.scope import TaskScope

_CHUNK = 1 << 16


class FaultProxy:
    """Passes on to a port of the loopback, for whoever connects to its `url`, over TLS with `tls`."""

    def __init__(self, target_port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._target_port = target_port
        self._tls = tls
        self._scope = TaskScope("fault-proxy")
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.delay_s = 0.0
        """How long each piece is held back, in each direction."""

    async def __aenter__(self) -> FaultProxy:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'rediss' if self._tls else 'redis'}://127.0.0.1:{self.port}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut everything and stop."""
        self._server.close()
        await self._scope.close()
        await self._end_connections()

    def swallow(self) -> None:
        """Accept everything and let nothing through, until `restore`."""
        self._open.clear()

    def restore(self) -> None:
        """Let everything through again."""
        self._open.set()

    def reset(self) -> None:
        """Cut all connections hard."""
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(RuntimeError):  # closed by now
            self._scope.start(self._connect(reader, writer), name="connection")

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back)
        self._scope.start(self._pass_on(reader, back), name="there")
        self._scope.start(self._pass_on(there, writer), name="back")

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _end_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()
