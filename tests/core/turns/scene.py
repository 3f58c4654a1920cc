"""A speaker before a turn machine, for the tests of this folder."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from vision_agents.core.turns.decisions import Decision, SpeechPaused
from vision_agents.core.turns.endpointing import FixedEndpointing
from vision_agents.core.turns.machine import TurnMachine
from vision_agents.core.turns.observations import (
    Floor,
    FloorChanged,
    Heard,
    Interim,
    Likelihood,
    ReportedEnd,
    ReportedStart,
    ToldToEnd,
    ToldToStart,
    Voice,
)
from vision_agents.core.turns.settings import Interruption, TurnHandling

WINDOW = 0.03
RULES = TurnHandling(
    endpointing=FixedEndpointing(likely=0.5, sure=0.2, unsure=0.6, longest=1.4),
    interruption=Interruption(hold_after=0.5, cut_after=2.0, min_words=2, while_thinking=0.25),
    prepare_after=0.12,
    judge_after=0.2,
    speculate=False,
)

DecisionT = TypeVar("DecisionT", bound=Decision)


class Scene:
    """A speaker, a machine, and everything it decided."""

    def __init__(self, rules: TurnHandling = RULES, *, has_detector: bool = False) -> None:
        self.machine = TurnMachine(rules, has_detector=has_detector)
        self.windows = 0
        self.decisions: list[Decision] = []

    @property
    def at(self) -> float:
        return round(self.windows * WINDOW, 6)

    def _hear(self, seconds: float, probability: float) -> list[Decision]:
        news: list[Decision] = []
        for _ in range(round(seconds / WINDOW)):
            self.windows += 1
            news += self.machine.observe(Voice(at=self.at, duration=WINDOW, probability=probability))
        self.decisions += news
        return news

    def speaks(self, seconds: float) -> list[Decision]:
        return self._hear(seconds, 0.9)

    def is_silent(self, seconds: float) -> list[Decision]:
        return self._hear(seconds, 0.05)

    def tell(
        self, observation: Interim | FloorChanged | ReportedStart | ReportedEnd | ToldToStart | ToldToEnd
    ) -> list[Decision]:
        news = self.machine.observe(observation)
        self.decisions += news
        return news

    def floor(self, floor: Floor) -> None:
        assert self.tell(FloorChanged(floor)) == []

    def understood(self, text: str) -> list[Decision]:
        """The recogniser answers the last pause."""
        news = self.machine.observe(Heard(pause=self.last(SpeechPaused).pause, text=text))
        self.decisions += news
        return news

    def likely(self, probability: float) -> list[Decision]:
        """The detector answers the last pause."""
        news = self.machine.observe(Likelihood(pause=self.last(SpeechPaused).pause, probability=probability))
        self.decisions += news
        return news

    def of(self, kind: type[DecisionT]) -> list[DecisionT]:
        return [decision for decision in self.decisions if isinstance(decision, kind)]

    def last(self, kind: type[DecisionT]) -> DecisionT:
        return self.of(kind)[-1]


def about(seconds: float) -> Any:
    return pytest.approx(seconds)


def kinds(decisions: list[Decision]) -> list[type[Decision]]:
    return [type(decision) for decision in decisions]
