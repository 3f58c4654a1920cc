"""A tool's call as one line of a screen, out of the two events that tell of it."""

from __future__ import annotations

from collections.abc import Mapping

from vision_agents.core.events.plugin import ToolEndEvent, ToolStartEvent


class ToolLines:
    """Remembers what each tool was called with until it has ended."""

    def __init__(self) -> None:
        self._arguments: dict[str, Mapping[str, object]] = {}

    def on_start(self, event: ToolStartEvent) -> None:
        """Note what a tool is called with."""
        self._arguments[event.tool_call_id] = event.arguments

    def ended(self, event: ToolEndEvent) -> str:
        """Tell the call and what came of it, as ``name(argument='value') -> result``."""
        arguments = self._arguments.pop(event.tool_call_id, {})
        call = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        result = event.result if event.success else f"failed: {event.error}"
        return f"{event.tool_name}({call}) -> {result}"
