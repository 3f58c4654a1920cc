"""Subscribing reads the hint of the parameter that the event will fill."""

from functools import partial

import pytest

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import AgentFinishEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ErrorEvent


async def test_a_partial_is_subscribed_by_its_first_free_parameter() -> None:
    bus, got = EventBus(), list[tuple[str, Event]]()

    def handler(prefix: str, event: AgentFinishEvent) -> None:
        got.append((prefix, event))

    bus.subscribe(partial(handler, "x"))
    bus.publish(ErrorEvent(error_message="another kind"))
    bus.publish(AgentFinishEvent())
    assert [(prefix, type(event)) for prefix, event in got] == [("x", AgentFinishEvent)]


def test_a_first_parameter_without_a_hint_is_refused_though_a_later_one_names_an_event() -> None:
    def handler(event: object, other: AgentFinishEvent | None = None) -> None: ...

    handler.__annotations__ = {"other": AgentFinishEvent}
    with pytest.raises(ConfigurationError, match="annotate its first parameter"):
        EventBus().subscribe(handler)
