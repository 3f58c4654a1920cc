"""Serving until a signal comes: then no new sessions, the running ones to their end, and out in time."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http.auth import check_exposure, is_loopback
from vision_agents.core.runner.http.listening import Server, bound
from vision_agents.core.runner.http.state import ServerState, state_of_app
from vision_agents.core.runner.signals import handling_signals
from vision_agents.core.runner.watchdog import Watchdog
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.http")

_REST: Seconds = 1.7
"""After the drain and the launcher's closing: leaving the registry, and what is left of the connections."""
_AT_ONCE: Seconds = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Where to listen, and how long running sessions may go on after a signal."""

    host: str = "127.0.0.1"
    port: int = 8000
    drain_timeout: Seconds = 18.0

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError(f"port must be between 0 and 65535, not {self.port}.")
        if not self.drain_timeout >= 0:
            raise ConfigurationError(f"drain_timeout must be >= 0, not {self.drain_timeout}.")


class AgentServer:
    """Serves an application, and looks after its launcher's last minutes."""

    def __init__(self, app: FastAPI, settings: ServeSettings) -> None:
        self._app = app
        self._settings = settings
        self._state: ServerState = state_of_app(app)
        self._signals = 0
        self._serving = False
        self._asked = asyncio.Event()
        self._at_once = asyncio.Event()

    async def run(self, watchdog: Watchdog) -> None:
        """Serve until a signal has come and all is ended.

        Raises:
            ConfigurationError: the address cannot be used, or the server must not be open.
        """
        settings, state = self._settings, self._state
        check_exposure(state.options, settings.host)
        state.bound_to_loopback = is_loopback(settings.host)
        with bound(settings.host, settings.port) as listener:
            task = asyncio.current_task()
            assert task is not None
            with handling_signals(partial(self._on_signal, watchdog, task)):
                try:
                    async with self._app.router.lifespan_context(self._app) as shared:
                        await self._serve(listener, shared or {})
                except asyncio.CancelledError:
                    if not self._signals:
                        raise

    async def _serve(self, listener: socket.socket, shared: object) -> None:
        server = Server(self._app, self._state.options)
        self._serving = True
        if not self._state.launcher.running:
            logger.warning(
                "The launcher was not started: give your application "
                "`lifespan=vision_agents.core.runner.http.lifespan`, or start it yourself"
            )
        with _what_is_there_stays():
            async with TaskScope("serve") as scope:
                scope.start(self._end(server), name="end")
                await server.serve(sockets=[listener])

    def _on_signal(self, watchdog: Watchdog, task: asyncio.Task[object], number: int) -> None:
        self._signals += 1
        if self._signals == 1:
            logger.info("Draining; another signal ends the server at once")
            closing = self._state.launcher.settings.close_timeout + _REST
            watchdog.arm(self._settings.drain_timeout + closing, code=0)
            self._asked.set()
            if not self._serving:
                task.cancel()
        else:
            watchdog.arm(_AT_ONCE, code=128 + number)
            self._at_once.set()

    async def _end(self, server: Server) -> None:
        """Wait for the signal, let the sessions end, and take the socket away last."""
        await self._asked.wait()
        launcher = self._state.launcher
        try:
            async with TaskScope("drain") as scope:
                draining = scope.start(launcher.drain(self._settings.drain_timeout), name="drain")
                hurrying = scope.start(self._at_once.wait(), name="at once")
                await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True


@contextmanager
def _what_is_there_stays() -> Generator[None]:
    """Take what the start has loaded out of the garbage collections, each of which holds up all calls."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
