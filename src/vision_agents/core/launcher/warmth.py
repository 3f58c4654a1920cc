"""Loading what agents are made of before anybody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from vision_agents.core.agents.agent import Agent
from vision_agents.core.types.component import Component


class Warmth:
    """Which configurations of parts are loaded: each is warmed up once, however many agents have it.

    A part whose warm-up failed is tried again by the next agent that has one like it.
    """

    def __init__(self) -> None:
        self._warm: set[Hashable] = set()
        self._turns: dict[Hashable, asyncio.Lock] = {}

    async def warm(self, agent: Agent) -> None:
        """Warm up the agent's parts, as far as none like them was.

        One after the other: their loading is bound by the same disk and processor.
        """
        parts = agent.pipeline.components if agent.pipeline else ()
        for component in (*parts, *agent.processors):
            if component.warmup_key not in self._warm:
                await self._warm_one(component)

    async def _warm_one(self, component: Component) -> None:
        key = component.warmup_key
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key not in self._warm:
                await component.warmup()
                self._warm.add(key)
        self._turns.pop(key, None)
