"""The user says nothing: when to speak to them again, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRules:
    """How long a user may say nothing.

    Args:
        wake_up: silence before each attempt to wake them up; None for never.
        max_attempts: after so many attempts the next silence is the last; None for no end.
        longest_noise: voice that lasts this long without a word is taken for noise.
    """

    wake_up: Seconds | None = None
    max_attempts: int | None = None
    longest_noise: Seconds = 60.0

    def __post_init__(self) -> None:
        """Refuse silences that would not be any."""
        if self.wake_up is not None and not self.wake_up > 0:
            raise ValueError(f"wake_up must be > 0 s or None, not {self.wake_up}.")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ValueError(f"max_attempts must be >= 1 or None, not {self.max_attempts}.")
        if not self.longest_noise > 0:
            raise ValueError(f"longest_noise must be > 0 s, not {self.longest_noise}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What goes on from `at` on; told whenever anything of it may have changed.

    Args:
        agent_busy: it speaks (until the last sample was played), thinks, or has something to say.
        tool_running: at least one tool runs.
        user_speaking: a voice is heard, or what it said is not understood yet.
        user_present: somebody is in the call who could answer.
    """

    at: Seconds
    agent_busy: bool = False
    tool_running: bool = False
    user_speaking: bool = False
    user_present: bool = True


@dataclass(frozen=True, slots=True)
class UserActive:
    """The user said words, interim ones too, or pressed a key: not just a noise."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TimePassed:
    """It is `at` by now."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Other rules hold from `at` on; silence that was counted so far counts."""

    at: Seconds
    rules: SilenceRules


SilenceObservation: TypeAlias = Situation | UserActive | TimePassed | RulesChanged


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Speak to the user; `attempt` counts from 1 since they were last active."""

    attempt: int
    at: Seconds


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The user stays silent after `attempts` attempts: do what is to be done at the end."""

    attempts: int
    at: Seconds


SilenceDecision: TypeAlias = WakeUp | GiveUp


class SilenceLadder:
    """Counts silence in which the user could speak and nobody else does anything.

    It begins when the agent, its tools and the user are all done, and begins anew whenever the agent does
    something. A voice without words only stops the count: noises do not put it off for ever. All times are of
    one clock; it never runs back.
    """

    def __init__(self, rules: SilenceRules, situation: Situation) -> None:
        self._rules = rules
        self._situation = situation
        self._at = situation.at
        self._counted: Seconds = 0.0
        self._voice_since: Seconds | None = situation.at if situation.user_speaking else None
        self._attempts = 0
        self._gave_up = False

    @property
    def deadline(self) -> Seconds | None:
        """When time alone changes something; None where it does not."""
        if self._off or not self._undisturbed:
            return None
        if self._pausing:
            assert self._voice_since is not None
            return self._voice_since + self._rules.longest_noise
        return self._at + self._left

    def observe(self, observation: SilenceObservation) -> list[SilenceDecision]:
        """Take one observation and tell what follows from it."""
        decisions = self._pass(observation.at)
        match observation:
            case Situation():
                self._change(observation)
            case UserActive():
                self._counted, self._attempts, self._gave_up = 0.0, 0, False
                if self._situation.user_speaking:
                    self._voice_since = self._at
            case RulesChanged(rules=rules):
                self._rules = rules
                self._gave_up = False
                decisions += self._fire()
            case TimePassed():
                pass
        return decisions

    @property
    def _off(self) -> bool:
        return self._rules.wake_up is None or self._gave_up

    @property
    def _undisturbed(self) -> bool:
        now = self._situation
        return now.user_present and not (now.agent_busy or now.tool_running)

    @property
    def _pausing(self) -> bool:
        """Whether a voice is heard that may still turn out to be words."""
        since = self._voice_since
        return since is not None and self._at - since < self._rules.longest_noise - 1e-6

    @property
    def _left(self) -> Seconds:
        assert self._rules.wake_up is not None
        return max(0.0, self._rules.wake_up - self._counted)

    def _change(self, situation: Situation) -> None:
        self._situation = situation
        if not self._undisturbed:
            self._counted = 0.0
        if not situation.user_speaking:
            self._voice_since = None
        elif self._voice_since is None:
            self._voice_since = self._at

    def _pass(self, at: Seconds) -> list[SilenceDecision]:
        """Let time go by up to `at`, in one step or, where a long noise is found to be one, in two."""
        decisions: list[SilenceDecision] = []
        while self._at < at:
            until = at
            if self._pausing:
                assert self._voice_since is not None
                until = min(at, self._voice_since + self._rules.longest_noise)
            elif self._undisturbed and not self._off:
                until = min(at, self._at + self._left)
                self._counted += until - self._at
            self._at = until
            decisions += self._fire()
        return decisions

    def _fire(self) -> list[SilenceDecision]:
        if self._off or not self._undisturbed or self._pausing or self._left > 1e-6:
            return []
        self._counted = 0.0
        if self._attempts == self._rules.max_attempts:
            self._gave_up = True
            return [GiveUp(attempts=self._attempts, at=self._at)]
        self._attempts += 1
        return [WakeUp(attempt=self._attempts, at=self._at)]
