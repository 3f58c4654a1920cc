"""The agents that took part in one call, one after the other, and what they were made of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent

logger = logging.getLogger("vision_agents.agent")


class Team:
    """Closes the parts of all its agents, once; a part that several share is closed once, too."""

    def __init__(self, first: Agent) -> None:
        self._agents = [first]
        self._closing = asyncio.Lock()
        self._closed = False

    def join(self, agent: Agent) -> None:
        """Take an agent in; one may come back."""
        if agent not in self._agents:
            self._agents.append(agent)

    def __contains__(self, agent: Agent) -> bool:
        """Whether an agent has taken part."""
        return agent in self._agents

    async def close(self) -> None:
        """Close every part; whoever calls waits until it is done."""
        async with self._closing:
            if not self._closed:
                self._closed = True
                await self._close_parts()

    async def _close_parts(self) -> None:
        closers: dict[int, Coroutine[Any, Any, None]] = {}
        for part in [part for agent in self._agents for part in agent.parts]:
            if id(part) not in closers:
                closers[id(part)] = part.close()
        for outcome in await asyncio.gather(*closers.values(), return_exceptions=True):
            if isinstance(outcome, Exception):
                logger.warning("A part failed to close", extra={"error": type(outcome).__name__})
