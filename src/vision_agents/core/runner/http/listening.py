"""Listening on a socket: the one set-up of the HTTP server, for whoever serves an application."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http.protocol import ConnectionLimits, LimitedProtocol
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.http")

_GRACEFUL = 1
_LAST_WORDS: Seconds = 3.0


class Server(uvicorn.Server):
    """A server that leaves signals to us, and tells our log where it listens.

    Args:
        app: what is served; its lifespan is the caller's to enter: what fails in it is raised as it is.
        options: its limits.
    """

    def __init__(self, app: FastAPI, options: ServeOptions) -> None:
        limits = ConnectionLimits(
            max_connections=options.max_connections, receive_timeout=options.receive_timeout
        )
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=partial(LimitedProtocol, limits=limits),  # pyright: ignore[reportArgumentType] - is only called
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACEFUL,
                h11_max_incomplete_event_size=options.max_header_bytes,
            )
        )
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listening.set()
        for listener in sockets or ():
            logger.info("The server listens", extra={"url": url_of(listener)})

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do nothing."""
        yield


@contextmanager
def bound(host: str, port: int) -> Generator[socket.socket]:
    """Take the address now, and listen later: a server that still loads its models is not there yet.

    Raises:
        ConfigurationError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: without it, answers wait 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except OSError as error:
            raise ConfigurationError(f"Cannot serve on {host} port {port}: {error.strerror}.") from error
        yield listener


@asynccontextmanager
async def listening(app: FastAPI, options: ServeOptions, *, host: str) -> AsyncGenerator[str]:
    """Serve for the length of the block, on a port that is free; gives the URL."""
    server = Server(app, options)
    with bound(host, 0) as listener:
        async with TaskScope("http") as scope:
            serving = scope.start(server.serve(sockets=[listener]), name="serve")
            waiting = scope.start(server.listening.wait(), name="wait")
            await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
            try:
                yield url_of(listener)
            finally:
                server.should_exit = True
                await asyncio.wait([serving], timeout=_LAST_WORDS)


def url_of(listener: socket.socket) -> str:
    """Tell where a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
