"""What an application puts between the stages of a pipeline: streams that change, observers that watch."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final, TypeAlias, TypeVar

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import (
    AgentTurnEndedEvent,
    AgentTurnStartedEvent,
    UserTurnEndedEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event

ItemT = TypeVar("ItemT")
HookT = TypeVar("HookT", bound=Callable[..., Any])
StreamHook: TypeAlias = Callable[[AsyncIterator[Any]], AsyncIterator[Any]]

STAGES: Final = ("stt", "llm", "tts")
"""Streams of `Transcript`, of `LLMEvent` and of `SpeechChunk`."""
TURNS: Final[dict[str, type[Event]]] = {
    "user_turn_start": UserTurnStartedEvent,
    "user_turn_end": UserTurnEndedEvent,
    "agent_turn_start": AgentTurnStartedEvent,
    "agent_turn_end": AgentTurnEndedEvent,
}


class PipelineHooks:
    """The hooks of one pipeline; a stage without a hook is passed through as it is."""

    def __init__(self) -> None:
        self._streams: dict[str, list[StreamHook]] = {}
        self._observers: list[tuple[type[Event], Callable[..., Any]]] = []

    def add(self, name: str, hook: Callable[..., Any]) -> None:
        """Put a hook at a stage, after those that are there, or at a turn's beginning or end."""
        if name in STAGES:
            self._streams.setdefault(name, []).append(hook)
        elif name in TURNS:
            self._observers.append((TURNS[name], hook))
        else:
            known = ", ".join((*STAGES, *TURNS))
            raise ConfigurationError(f"There is no hook {name!r}; known: {known}.")

    def through(self, stage: str, items: AsyncIterator[ItemT]) -> AsyncIterator[ItemT]:
        """Give what the hooks of a stage make of its stream."""
        for hook in self._streams.get(stage, ()):
            items = _through(hook, items)
        return items

    async def one(self, stage: str, item: ItemT) -> ItemT | None:
        """Give what the hooks of a stage make of one item; None where they drop it."""
        if stage not in self._streams:
            return item
        last: ItemT | None = None
        async for changed in self.through(stage, _one(item)):
            last = changed
        return last

    def observe(self, bus: EventBus) -> None:
        """Let the observers hear of the turns."""
        for kind, observer in self._observers:
            bus.on(kind, observer)


async def _one(item: ItemT) -> AsyncIterator[ItemT]:
    yield item


async def _through(hook: StreamHook, items: AsyncIterator[ItemT]) -> AsyncIterator[ItemT]:
    changed = hook(items)
    try:
        async for item in changed:
            yield item
    finally:  # who stops listening stops the provider, too
        for stream in (changed, items):
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
