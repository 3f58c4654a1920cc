"""Serve an application on a free port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to pytest."""
        yield


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[str]:
    """Serve; gives the origin."""
    server = _Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    async with asyncio.TaskGroup() as tasks:
        serve = tasks.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            await serve  # here: a group that is left with an error cancels
