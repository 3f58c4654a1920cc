"""From the log's plain data back to observations and rules, and from decisions to plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.turns import endpointing, observations
from vision_agents.core.turns.observations import Floor, Observation
from vision_agents.core.turns.settings import Interruption, TurnHandling, VoiceGate


def observation_from(data: Mapping[str, Any]) -> Observation:
    """Make the observation that was logged."""
    fields = {key: value for key, value in data.items() if key != "kind"}
    if "floor" in fields:
        fields["floor"] = Floor(fields["floor"])
    kind = getattr(observations, str(data.get("kind")), None)
    if kind is None:
        raise ConfigurationError(f"The log holds an unknown observation, {data.get('kind')!r}.")
    return cast("Observation", kind(**fields))


def rules_from(data: Mapping[str, Any]) -> tuple[TurnHandling, list[str]]:
    """Make the rules that were logged, and name those that are the application's own and cannot be made."""
    defaults, own = TurnHandling(), list[str]()
    values: dict[str, Any] = {
        "gate": VoiceGate(**_fields(data["gate"])),
        "interruption": Interruption(**_fields(data["interruption"])),
    }
    rule = _endpointing_from(data["endpointing"])
    if rule is None:
        own.append("endpointing")
    else:
        values["endpointing"] = rule
    for name in ("is_backchannel", "answers_now"):
        if data[name] != function_name(getattr(defaults, name)):
            own.append(name)
    for name in ("prepare_after", "judge_after", "speculate", "manual"):
        values[name] = data[name]
    return TurnHandling(**values), own


def _endpointing_from(data: object) -> endpointing.EndpointingRule | None:
    if not isinstance(data, Mapping):
        return None
    logged = cast("Mapping[str, Any]", data)
    if logged.get("kind") == "FixedEndpointing":
        return endpointing.FixedEndpointing(**_fields(logged))
    if logged.get("kind") == "AdaptiveEndpointing":
        fields = _fields(logged)
        fields["base"] = endpointing.FixedEndpointing(**_fields(logged["base"]))
        return endpointing.AdaptiveEndpointing(**fields)
    return None


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "kind"}


def plain(value: object) -> object:
    """Make plain data of a decision, as the log holds it."""
    if dataclasses.is_dataclass(value):
        fields = {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    return value.value if isinstance(value, Enum) else value


def function_name(function: object) -> str:
    """Name a rule that is a function, as the log does."""
    return getattr(function, "__qualname__", type(function).__name__)
