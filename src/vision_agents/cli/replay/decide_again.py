"""Feeds the logged observations to new turn machines and compares their decisions with the logged ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from vision_agents.cli.replay.codec import observation_from, plain, rules_from
from vision_agents.cli.replay.event_log import Line
from vision_agents.core.turns.machine import TurnMachine


@dataclass(frozen=True, slots=True)
class Difference:
    """An observation that was decided differently: when, and both decisions."""

    at_ms: float
    observation: object
    logged: object
    now: object


@dataclass(slots=True)
class Outcome:
    """What came of a replay; `own_rules` names rules of the application whose place the defaults took."""

    observations: int = 0
    decisions: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])
    own_rules: list[str] = field(default_factory=list[str])


def decide_again(log: Sequence[Line]) -> Outcome:
    """Replay every participant's turns."""
    outcome = Outcome()
    machines: dict[str, TurnMachine] = {}
    for line in log:
        speaker = json.dumps(line.get("participant"))
        if line["type"] == "agent.turn_rules":
            rules, own = rules_from(line["rules"])
            machines[speaker] = TurnMachine(rules, has_detector=line["has_detector"])
            outcome.own_rules = own
        elif line["type"] == "agent.turn_observed" and speaker in machines:
            _compare(line, machines[speaker], outcome)
    return outcome


def _compare(line: Line, machine: TurnMachine, outcome: Outcome) -> None:
    now = [plain(decision) for decision in machine.observe(observation_from(line["observation"]))]
    outcome.observations += 1
    outcome.decisions += len(now)
    if now != list(line["decisions"]):
        outcome.differences.append(Difference(line["at_ms"], line["observation"], line["decisions"], now))
