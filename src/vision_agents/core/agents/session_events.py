"""A session's events by name or by class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, TypeVar, overload

from vision_agents.core.aio.callback import Callback, fitting
from vision_agents.core.events.agent import CustomEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])

_ALIASES = {
    "AGENT_STARTED": "agent.started",
    "AGENT_STATE_CHANGED": "agent_state_changed",
    "AUDIO_STREAM_ENABLED": "plugin.edge.audio_stream_enabled",
    "PARTICIPANT_LEFT": "plugin.edge.participant_left",
    "USER_TRANSCRIPT_ADDED": "agent.user_transcript",
    "AGENT_TRANSCRIPT_ADDED": "agent.agent_turn_ended",
    "TURN_METRICS_ADDED": "agent.turn_metrics",
}
"""Names that are documented beside the events' own."""


class _NamedHandler:
    """Gives a handler what it takes of an event's payload."""

    def __init__(self, name: str, handler: Callback, session: object) -> None:
        self.name = name
        self.handler = handler
        self._session = session
        self.__qualname__ = getattr(handler, "__qualname__", type(handler).__name__)

    def __call__(self, event: Event) -> Any:
        if not isinstance(event, CustomEvent):
            payload = _payload(event)
            if self.name == "AGENT_STARTED":
                payload["session"] = self._session
            return self.handler(*fitting(self.handler, payload))
        if event.name == self.name:
            return self.handler(*fitting(self.handler, *event.arguments))
        return None


class SessionEvents:
    """The part of a session that tells what happens in it.

    A handler may be any callable, sync or async. For an event class it gets the event; for a name it gets a
    dictionary of the event's fields (``state``, ``old_state``, ``at``, ``session_id``, ...), if it takes one.
    A handler that fails is logged and stops nobody else.
    """

    _named: list[_NamedHandler]

    @property
    def events(self) -> EventBus:
        """The bus of this session."""
        raise NotImplementedError

    @overload
    def on(self, event: type[Event] | str, handler: Callable[[Any], Any]) -> Callable[[Any], Any]: ...

    @overload
    def on(self, event: type[Event] | str, handler: HandlerT) -> HandlerT: ...

    @overload
    def on(self, event: type[Event] | str) -> Callable[[HandlerT], HandlerT]: ...

    def on(self, event: type[Event] | str, handler: Any = None) -> Any:
        """Call `handler` for an event's class or name; without a handler, a decorator. Once is enough."""
        if handler is None:
            return partial(self.on, event)
        if not isinstance(event, str):
            self.events.on(event, handler)
        elif self._find(event, handler) is None:
            named = _NamedHandler(event, handler, self)
            self._named.append(named)
            self.events.on(_ALIASES.get(event, event), named)
            self.events.on(CustomEvent, named)
        return handler

    def off(self, event: type[Event] | str, handler: Callback) -> None:
        """Do not call `handler` for `event` any more; unknown ones are ignored."""
        if not isinstance(event, str):
            self.events.off(handler, event)
        elif (named := self._find(event, handler)) is not None:
            self._named.remove(named)
            self.events.off(named)

    def emit(self, name: str, *arguments: object) -> None:
        """Publish an event of your own; without arguments its handlers get an empty dictionary."""
        self.events.emit(CustomEvent, name=name, arguments=arguments or ({},))

    def _find(self, name: str, handler: Callback) -> _NamedHandler | None:
        return next((n for n in self._named if n.name == name and n.handler == handler), None)


def _payload(event: Event) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(event)} - {"event_id", "timestamp"}
    values = {name: getattr(event, name) for name in names}
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
