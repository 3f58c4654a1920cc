"""Agents that remember what was done to their voices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.testing.scripted import ScriptedTTS


class Voice(ScriptedTTS):
    """Remembers what was done to it."""

    def __init__(self, warmup: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.calls: list[str] = []
        self._warmup = warmup

    async def warmup(self) -> None:
        self.calls.append("warmup")
        if self._warmup is not None:
            await self._warmup()

    async def start(self) -> None:
        self.calls.append("start")

    async def close(self) -> None:
        self.calls.append("close")


class Agents:
    """A `create_agent` that remembers the voices of the agents it made."""

    def __init__(self, warmup: Callable[[], Awaitable[None]] | None = None) -> None:
        self.voices: list[Voice] = []
        self._warmup = warmup

    def __call__(self) -> Agent:
        self.voices.append(Voice(self._warmup))
        return Agent(edge=Edge(), tts=self.voices[-1])

    @property
    def closes(self) -> list[int]:
        return [voice.calls.count("close") for voice in self.voices]


async def wait_for_ever(agent: Agent, call_type: str, call_id: str) -> None:
    """Never join."""
    await asyncio.Event().wait()
