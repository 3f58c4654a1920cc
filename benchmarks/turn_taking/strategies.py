"""What is compared: the rules of the engine with other figures, and rules of another kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from vision_agents.core.turns.endpointing import (
    AdaptiveEndpointing,
    EndpointingRule,
    FixedEndpointing,
    PauseFacts,
)
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.turns.unfinished import sounds_open
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One row of the table: a rule, and what it is told.

    Args:
        group: rows that belong together.
        name: the row's.
        turns: the rules.
        detector: whether the turn detector is asked.
        whole_turn: whether it hears the whole turn, and not only what was said since the last pause.
    """

    group: str
    name: str
    turns: TurnHandling
    detector: bool = True
    whole_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """So much silence ends a turn, whatever was said."""

    seconds: Seconds

    def patience(self, pause: PauseFacts) -> Seconds:
        return self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorAlone:
    """Like `FixedEndpointing`, but deaf to the words."""

    likely: float
    sure: Seconds
    longest: Seconds

    def patience(self, pause: PauseFacts) -> Seconds:
        return self.sure if (pause.likelihood or 0.0) >= self.likely else self.longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Patience falls evenly with the odds that the turn is finished, from `doubtful` to `certain`."""

    doubtful: float
    certain: float
    sure: Seconds
    longest: Seconds

    def patience(self, pause: PauseFacts) -> Seconds:
        if sounds_open(pause.text or ""):
            return self.longest
        low, high = _log_odds(self.doubtful), _log_odds(self.certain)
        doubt = (high - _log_odds(pause.likelihood or 0.0)) / (high - low)
        return self.sure + (self.longest - self.sure) * min(1.0, max(0.0, doubt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered:
    """Three patiences: for what sounds finished, for what nearly does, and for the rest."""

    likely: float
    nearly: float
    sure: Seconds
    middle: Seconds
    longest: Seconds

    def patience(self, pause: PauseFacts) -> Seconds:
        likelihood = pause.likelihood or 0.0
        if sounds_open(pause.text or "") or likelihood < self.nearly:
            return self.longest
        return self.sure if likelihood >= self.likely else self.middle


_ASKED_AT = 0.12
"""Silence after which recogniser and detector are asked, in all rows but the default."""
DEFAULT = Strategy(
    group="detector, words and the speaker",
    name="the default: margin 1.5, recogniser asked at 0.09 s",
    turns=TurnHandling(),
)


def strategies() -> list[Strategy]:
    """Every row, in the order of the table."""
    return [
        *_without_a_detector(),
        *_with_a_detector(),
        *_fitted_to_the_speaker(),
        *_other_rules(),
    ]


def _row(group: str, name: str, rule: EndpointingRule, *, detector: bool = True) -> Strategy:
    return Strategy(group=group, name=name, turns=_asked(rule), detector=detector)


def _asked(rule: EndpointingRule) -> TurnHandling:
    return TurnHandling(endpointing=rule, prepare_after=_ASKED_AT, judge_after=_ASKED_AT)


def _without_a_detector() -> Iterator[Strategy]:
    for seconds in (0.3, 0.5, 0.6, 0.8, 1.0, 1.2):
        yield _row("silence alone", f"{seconds} s", Silence(seconds=seconds), detector=False)
    for unsure in (0.6, 0.8, 1.0, 1.15):
        fixed = FixedEndpointing(unsure=unsure)
        yield _row("silence and words", f"{unsure} s, open words 1.25 s", fixed, detector=False)
    for unsure in (0.6, 0.8, 0.9, 1.0, 1.15):
        adaptive = AdaptiveEndpointing(base=FixedEndpointing(unsure=unsure))
        yield _row("silence, words and the speaker", f"{unsure} s at first", adaptive, detector=False)


def _with_a_detector() -> Iterator[Strategy]:
    for likely in (0.5, 0.9, 0.986):
        alone = DetectorAlone(likely=likely, sure=0.16, longest=1.25)
        yield _row("detector alone", f"likely {likely}", alone)
    for likely in (0.5, 0.9, 0.95, 0.97, 0.984, 0.986, 0.988):
        yield _row("detector and words", f"likely {likely}", FixedEndpointing(likely=likely))
    for sure in (0.25, 0.4):
        yield _row("detector and words", f"sure {sure} s", FixedEndpointing(sure=sure))
    for longest in (0.8, 1.0, 1.4):
        shorter = FixedEndpointing(unsure=0.8, longest=longest)
        yield _row("detector and words", f"longest {longest} s", shorter)
    whole = _asked(FixedEndpointing())
    name = "detector hears the whole turn"
    yield Strategy(group="detector and words", name=name, turns=whole, whole_turn=True)


def _fitted_to_the_speaker() -> Iterator[Strategy]:
    yield DEFAULT
    for margin in (1.2, 1.3, 1.5, 2.0):
        yield _row(DEFAULT.group, f"margin {margin}", AdaptiveEndpointing(margin=margin))
    for likely in (0.95, 0.97):
        rule = AdaptiveEndpointing(base=FixedEndpointing(likely=likely))
        yield _row(DEFAULT.group, f"likely {likely}", rule)


def _other_rules() -> Iterator[Strategy]:
    for doubtful, certain in ((0.9, 0.986), (0.97, 0.988)):
        graded = Graded(doubtful=doubtful, certain=certain, sure=0.16, longest=1.25)
        yield _row("other rules", f"graded from {doubtful} to {certain}", graded)
    for middle in (0.7, 1.0):
        tiered = Tiered(likely=0.986, nearly=0.95, sure=0.16, middle=middle, longest=1.25)
        yield _row("other rules", f"three steps: 0.986, 0.95; {middle} s between", tiered)


def _log_odds(probability: float) -> float:
    kept = min(max(probability, 0.001), 0.999)
    return math.log(kept / (1 - kept))
