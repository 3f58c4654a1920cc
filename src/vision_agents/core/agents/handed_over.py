"""Whether a tool has handed the call over to another agent."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Successor(Protocol):
    """An agent that can take over a call."""

    @property
    def instructions(self) -> str:
        """The persona."""
        ...

    async def on_enter(self) -> None:
        """Called when the agent takes part."""
        ...

    async def on_exit(self) -> None:
        """Called when the agent takes its leave."""
        ...


class HandedOver:
    """Keeps the agent that a tool returned until the turn that called the tool is over."""

    def __init__(self) -> None:
        self._successor: Successor | None = None

    def __bool__(self) -> bool:
        """Whether somebody is to take over."""
        return self._successor is not None

    def take(self, output: object) -> str | None:
        """Keep what a tool returned if it is an agent; gives what the model reads then."""
        if not isinstance(output, Successor):
            return None
        self._successor = output
        return "The call has been handed over to another agent."

    def give(self) -> Successor | None:
        """Give the agent that is to take over, once."""
        successor, self._successor = self._successor, None
        return successor
