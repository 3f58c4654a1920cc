"""Digits that a caller was asked for: when they are complete, and when nobody waits any longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.telephony.keypad import KEYS
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherRules:
    """What is asked for.

    Args:
        num_digits: so many are enough; None where only `terminator` or a pause ends them.
        terminator: the key that ends them and is not one of them; None for none.
        timeout: how long the first digit is waited for after the prompt.
        inter_digit_timeout: how long each further one is waited for.
        allowed: keys that count; others are passed over.
        validate: tells whether digits are good, for example by their check digit.
        sensitive: they must reach no model, log or recording; results do not show them either.
    """

    num_digits: int | None = None
    terminator: str | None = "#"
    timeout: Seconds = 10.0
    inter_digit_timeout: Seconds = 4.0
    allowed: str = KEYS
    validate: Callable[[str], bool] | None = None
    sensitive: bool = False

    def __post_init__(self) -> None:
        """Refuse what no caller could answer."""
        if self.num_digits is not None and self.num_digits < 1:
            raise ValueError(f"num_digits must be >= 1 or None, not {self.num_digits}.")
        if self.terminator is not None and (len(self.terminator) != 1 or self.terminator not in KEYS):
            raise ValueError(f"terminator must be one of {KEYS!r} or None, not {self.terminator!r}.")
        if not min(self.timeout, self.inter_digit_timeout) > 0:
            raise ValueError(
                "timeout and inter_digit_timeout must be > 0 s, not "
                f"{self.timeout} and {self.inter_digit_timeout}."
            )
        if not set(self.allowed) - {self.terminator} or not set(self.allowed) <= set(KEYS):
            raise ValueError(
                f"allowed must hold keys ({KEYS!r}) beside the terminator, not {self.allowed!r}."
            )


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The caller has heard what is asked for: from now on the first digit is waited for."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed, also while the prompt still plays."""

    digit: str = field(repr=False)
    at: Seconds


@dataclass(frozen=True, slots=True)
class Waited:
    """It is `at` by now."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The digits are not wanted any more: the caller spoke instead, or left."""

    at: Seconds


GatherObservation: TypeAlias = PromptEnded | Pressed | Waited | GaveUp


class GatherOutcome(StrEnum):
    """How gathering ended."""

    COMPLETE = "complete"
    NO_INPUT = "no_input"
    INCOMPLETE = "incomplete"
    """The caller stopped before `num_digits`."""
    INVALID = "invalid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class GatherResult:
    """What was pressed, and whether that is an answer."""

    digits: str
    outcome: GatherOutcome
    sensitive: bool = False

    @property
    def ok(self) -> bool:
        """Whether the digits are complete and good."""
        return self.outcome is GatherOutcome.COMPLETE

    def __repr__(self) -> str:
        """Show no digits that are a secret."""
        shown = f"<{len(self.digits)} secret>" if self.sensitive else repr(self.digits)
        return f"GatherResult(digits={shown}, outcome={self.outcome.value!r})"


class DigitGathering:
    """Takes keys until they are an answer, or time is up; ends once."""

    def __init__(self, rules: GatherRules | None = None) -> None:
        self._rules = rules or GatherRules()
        self._digits = ""
        self.deadline: Seconds | None = None
        """When waiting ends if no further key comes; None while the prompt plays and afterwards."""
        self.result: GatherResult | None = None
        """How it ended; None while it goes on."""

    def observe(self, observation: GatherObservation) -> GatherResult | None:
        """Take one observation; gives the result at the moment there is one."""
        if self.result is not None:
            return None
        match observation:
            case PromptEnded(at=at):
                if not self._digits:
                    self.deadline = at + self._rules.timeout
            case Waited(at=at):
                return self._time_is_up() if self._is_late(at) else None
            case GaveUp():
                return self._end(GatherOutcome.CANCELLED)
            case Pressed(digit=digit, at=at):
                return self._pressed(digit.upper(), at)
        return None

    def _pressed(self, key: str, at: Seconds) -> GatherResult | None:
        rules = self._rules
        if self._is_late(at):
            return self._time_is_up()
        if key == rules.terminator:
            return self._complete() if self._digits else self._end(GatherOutcome.NO_INPUT)
        if key not in rules.allowed:
            return None
        self._digits += key
        self.deadline = at + rules.inter_digit_timeout
        return self._complete() if len(self._digits) == rules.num_digits else None

    def _is_late(self, at: Seconds) -> bool:
        return self.deadline is not None and at >= self.deadline - 1e-6

    def _time_is_up(self) -> GatherResult:
        if not self._digits:
            return self._end(GatherOutcome.NO_INPUT)
        if self._rules.num_digits is not None:
            return self._end(GatherOutcome.INCOMPLETE)
        return self._complete()

    def _complete(self) -> GatherResult:
        good = self._rules.validate is None or self._rules.validate(self._digits)
        return self._end(GatherOutcome.COMPLETE if good else GatherOutcome.INVALID)

    def _end(self, outcome: GatherOutcome) -> GatherResult:
        self.deadline = None
        self.result = GatherResult(self._digits, outcome, self._rules.sensitive)
        return self.result
