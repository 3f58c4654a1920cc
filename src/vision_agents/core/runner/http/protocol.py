"""HTTP/1.1 on a connection, within limits: uvicorn's own class has no deadline for what is received."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from vision_agents.core.runner.http.one_write import OneWrite
from vision_agents.core.runner.http.problems import document
from vision_agents.core.types.units import Seconds

_RECEIVING = (h11.IDLE, h11.SEND_BODY)
_SOON = (b"retry-after", b"1")
_FLUSH: Seconds = 2.0
"""How long a client may take to read the last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What one client may take.

    Args:
        max_connections: open at the same time, of all clients.
        receive_timeout: seconds from a request's first byte, or the connection's beginning, to its last
            byte; a client that does not read its answer has as long.
    """

    max_connections: int = 1000
    receive_timeout: Seconds = 10.0

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if self.max_connections < 1 or not self.receive_timeout > 0:
            raise ValueError("max_connections and receive_timeout must be > 0.")


class LimitedProtocol(H11Protocol):
    """uvicorn's protocol with a deadline for each request, a cap on connections, and problem documents."""

    def __init__(self, *, limits: ConnectionLimits, **settings: Any) -> None:
        super().__init__(**settings)
        self._limits = limits
        self._receiving: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(cast("asyncio.Transport", OneWrite(transport, self.loop)))
        if len(self.connections) > self._limits.max_connections:
            self._refuse(
                503, "too_many_connections", "The server has too many connections", (b"retry-after", b"1")
            )
        else:
            self._expect()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the deadline is the request's, and no byte moves it."""
        if self.transport.is_closing():
            return
        if self._receiving is None:
            self._expect()
        super().data_received(data)
        if self.conn.their_state not in _RECEIVING:
            self._arrived()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._arrived()
        self.resume_writing()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request, of which a part may be here already."""
        super().on_response_complete()
        if self._receiving is None and self.conn.their_state in _RECEIVING and self.conn.trailing_data[0]:
            self._expect()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection to another protocol."""
        self._arrived()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or is too much of it."""
        error = sys.exception()
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            self._refuse(431, "header_too_large", "The head of the request is too large")
        else:
            self._refuse(400, "bad_request", msg)

    def pause_writing(self) -> None:
        """Give the client a while to read."""
        super().pause_writing()
        self._sending = self.loop.call_later(self._limits.receive_timeout, self._cut)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        super().resume_writing()

    def shutdown(self) -> None:
        """End the connection when there is nothing to answer: a request that is not all here is refused."""
        if self._receiving is not None and not self._is_idle:
            self._refuse(503, "draining", "The server is shutting down", _SOON)
        else:
            super().shutdown()

    @property
    def _is_idle(self) -> bool:
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _expect(self) -> None:
        self._receiving = self.loop.call_later(self._limits.receive_timeout, self._late)

    def _arrived(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _late(self) -> None:
        self._receiving = None
        if self._is_idle:
            self.transport.close()
        else:
            self._refuse(408, "request_timeout", "The request did not arrive in time")

    def _refuse(self, status: int, code: str, detail: str, *headers: tuple[bytes, bytes]) -> None:
        """Answer without the application, and end the connection."""
        self._arrived()
        cycle = self.cycle  # None before the first request, whatever its declaration says
        if cycle and not cycle.response_complete:
            cycle.disconnected = True  # the application is told that nobody listens any more
            cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._send(status, document(status, code, detail), headers)
        self.transport.close()
        self.loop.call_later(_FLUSH, self._cut)

    def _cut(self) -> None:
        """End the connection, and let the system forget what was not read."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _send(self, status: int, body: bytes, extra: tuple[tuple[bytes, bytes], ...]) -> None:
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"connection", b"close"),
            (b"content-length", str(len(body)).encode()),
            *extra,
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status]),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
