"""When does a pause end the turn? Small rules, one of which a user can replace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vision_agents.core.turns.unfinished import sounds_open
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True)
class PauseFacts:
    """What is known of a pause so far.

    Args:
        text: the words of the turn; None while the recogniser is at work.
        likelihood: the detector's probability that the turn is complete; None while it is at work.
        has_detector: whether there is a detector at all.
        hesitation: how long this speaker's pauses inside of turns usually are; None where none was heard yet.
    """

    text: str | None
    likelihood: float | None
    has_detector: bool
    hesitation: Seconds | None


class EndpointingRule(Protocol):
    """Decides how much silence ends a turn."""

    def patience(self, pause: PauseFacts) -> Seconds:
        """Tell how long this pause must last, counted from the end of speech, to end the turn."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEndpointing:
    """The same silences for everybody; the figures are those of the embedded models, see docs/turns.md.

    Args:
        likely: probability of a finished turn from which `sure` silence is enough. It belongs to the
            detector: give another one its own.
        sure: silence that ends a turn which sounds finished.
        unsure: silence that ends a turn where there is no detector.
        longest: silence that ends a turn which does not sound finished.
    """

    likely: float = 0.986
    sure: Seconds = 0.16
    unsure: Seconds = 1.0
    longest: Seconds = 1.25

    def __post_init__(self) -> None:
        """Refuse silences out of order."""
        if not 0 < self.sure <= self.unsure <= self.longest:
            raise ValueError(
                "Endpointing needs 0 < sure <= unsure <= longest, not "
                f"{self.sure}, {self.unsure}, {self.longest}."
            )
        if not 0 <= self.likely <= 1:
            raise ValueError(f"likely must be between 0 and 1, not {self.likely}.")

    def patience(self, pause: PauseFacts) -> Seconds:
        """Wait shortly for what sounds finished, long for what does not."""
        if pause.text is not None and sounds_open(pause.text):
            return self.longest
        if not pause.has_detector:
            return self.unsure
        finished = pause.likelihood is not None and pause.likelihood >= self.likely
        return self.sure if finished else self.longest


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveEndpointing:
    """Like the fixed rule, but somebody brisk is not waited for as long as somebody who hesitates.

    Args:
        base: what holds for somebody who is not known yet; nobody is waited for longer than `base.longest`.
        margin: how many of the speaker's usual hesitations an unfinished turn is given.
        shortest: least silence that ends an unfinished turn.
    """

    base: FixedEndpointing = FixedEndpointing()
    margin: float = 1.5
    shortest: Seconds = 0.8

    def __post_init__(self) -> None:
        """Refuse a margin that ends turns inside of hesitations."""
        if self.margin < 1 or self.shortest <= 0:
            raise ValueError("AdaptiveEndpointing needs margin >= 1 and shortest > 0.")

    def patience(self, pause: PauseFacts) -> Seconds:
        """Scale the patience with an unfinished turn by the speaker's own pauses."""
        fixed = self.base.patience(pause)
        if pause.hesitation is None or fixed == self.base.sure:
            return fixed
        return min(self.base.longest, max(self.shortest, self.margin * pause.hesitation))
