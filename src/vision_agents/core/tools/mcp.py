"""Port: a server that offers tools."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import MCPErrorEvent
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.tools")

_PATIENCE: Seconds = 5.0


class MCPServer(Protocol):
    """A server of tools; `initialize` is called once, when the session starts."""

    async def initialize(self) -> None:
        """Connect, and learn what there is."""
        ...

    def tools(self) -> Iterable[Callable[..., object]]:
        """Give what it offers as functions with names, docstrings and typed parameters."""
        ...

    async def close(self) -> None:
        """Give back what `initialize` took; also called after it failed."""
        ...


async def adopt_tools(servers: Sequence[MCPServer], functions: FunctionRegistry, events: EventBus) -> None:
    """Offer the tools of all servers; one that is broken or slow is told of and left out."""

    async def adopt(server: MCPServer) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await server.initialize()
            for tool in server.tools():
                functions.add(tool)
        except Exception as error:  # noqa: BLE001 - a server is foreign code
            logger.warning("A server of tools cannot be used", extra={"error": type(error).__name__})
            events.emit(MCPErrorEvent, error_message=str(error) or type(error).__name__)

    await asyncio.gather(*(adopt(server) for server in servers))
