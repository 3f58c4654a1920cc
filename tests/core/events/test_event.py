"""Every event is a frozen dataclass with a name of its own."""

import dataclasses
from typing import Any

import pytest

from vision_agents.core.events import agent, plugin
from vision_agents.core.events.event import Event


def event_classes() -> list[type[Event]]:
    found = [kind for module in (agent, plugin) for kind in vars(module).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, Event) and "type" in vars(kind) and kind is not Event]


def test_no_two_events_share_a_name() -> None:
    names = [kind.type for kind in event_classes()]

    assert len(names) > 20
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("agent.user_transcript", {"text"}),
        ("agent.agent_turn_ended", {"interrupted"}),
        ("plugin.llm.tool.start", {"tool_name", "arguments", "tool_call_id"}),
        ("plugin.llm.tool.end", {"tool_name", "success", "result", "error", "execution_time_ms"}),
        ("plugin.edge.participant_joined", {"participant", "call"}),
    ],
)
def test_the_documented_names_carry_the_documented_fields(name: str, fields: set[str]) -> None:
    (kind,) = [kind for kind in event_classes() if kind.type == name]

    assert fields <= {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("kind", event_classes(), ids=lambda kind: kind.__name__)
def test_an_event_cannot_be_changed(kind: type[Event]) -> None:
    needed: dict[str, Any] = {
        field.name: None
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    event = kind(**needed)

    with pytest.raises(dataclasses.FrozenInstanceError):
        event.session_id = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_two_events_are_told_apart() -> None:
    assert Event().event_id != Event().event_id
