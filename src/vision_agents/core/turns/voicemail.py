"""Did a person take the call, or a machine? Decided by cadence and beep, by words, and by a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vision_agents.core.turns.answer_events import (
    AnswerDecision,
    AnsweredBy,
    AnswerObservation,
    AskModel,
    Beep,
    BeepLikely,
    Clue,
    Judged,
    LinePassed,
    MessageTime,
    SaidSoFar,
    TalkBegan,
    TalkEnded,
    Verdict,
)
from vision_agents.core.turns.answer_words import who_says
from vision_agents.core.types.units import Seconds

_GRAIN: Seconds = 1e-6
_LONGEST_BEEP: Seconds = 3.2
"""A tone that is a beep is known as one by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailRules:
    """How a person sounds, and how long the agent is held back at most.

    Args:
        clear: silence after words that tell who it is.
        short: a greeting up to this length is a person's.
        after_short: silence after a short greeting that makes it one.
        ask_after: silence after a long greeting after which a model is asked.
        after_long: silence after a long greeting that makes it a machine's, where nobody asked a model.
        model: silence after which a model that was asked is not waited for any longer.
        endless: a voice that talks for so long is a machine's.
        no_voice: silence from the start after which the agent may speak.
        longest: time from the start after which the agent may speak, whatever is heard.
        message_after: silence after which a machine without a beep records.
        longest_greeting: time from the start after which a message is left at the latest.
        who_says: tells who uses such words.
    """

    clear: Seconds = 0.4
    short: Seconds = 3.5
    after_short: Seconds = 1.2
    ask_after: Seconds = 0.5
    after_long: Seconds = 1.5
    model: Seconds = 2.0
    endless: Seconds = 8.0
    no_voice: Seconds = 10.0
    longest: Seconds = 20.0
    message_after: Seconds = 2.0
    longest_greeting: Seconds = 45.0
    who_says: Callable[[str], AnsweredBy | None] = who_says

    def __post_init__(self) -> None:
        """Refuse times out of order."""
        if not 0 < self.clear <= self.after_short or not 0 < self.ask_after <= self.after_long <= self.model:
            raise ValueError(
                "VoicemailRules needs 0 < clear <= after_short and 0 < ask_after <= after_long <= model."
            )
        if not 0 < self.short <= self.endless <= self.longest or not 0 < self.no_voice <= self.longest:
            raise ValueError(
                "VoicemailRules needs 0 < short <= endless <= longest and 0 < no_voice <= longest."
            )
        if not (self.message_after > 0 and self.longest <= self.longest_greeting):
            raise ValueError("VoicemailRules needs message_after > 0 and longest <= longest_greeting.")


class VoicemailMachine:
    """Follows one call from the moment it is answered; gives one verdict, always, and then may go on to
    tell when a message can be left.

    Args:
        rules: how a person sounds.
        at: audio time at which the call was answered.
        has_model: whether `AskModel` will be answered; a model that never answers holds nothing up.
    """

    def __init__(
        self, rules: VoicemailRules | None = None, *, at: Seconds = 0.0, has_model: bool = False
    ) -> None:
        self._rules = rules or VoicemailRules()
        self._has_model = has_model
        self._answered = self._at = at
        self._began: Seconds | None = None
        self._ended: Seconds | None = None
        self._talking = False
        self._tone_until: Seconds | None = None
        self._words: AnsweredBy | None = None
        self._text = ""
        self._understood = at
        self._asked = ""
        self._judged: AnsweredBy | None = None
        self._beeped = False
        self.verdict: Verdict | None = None
        """Who took the call; None while the agent is held back."""
        self._over = False

    def observe(self, observation: AnswerObservation) -> list[AnswerDecision]:
        """Take one observation and tell what follows from it."""
        if self._over:
            return []
        self._at = max(self._at, observation.at)
        self._take(observation)
        return self._conclude()

    def _take(self, observation: AnswerObservation) -> None:
        match observation:
            case TalkBegan(at=at):
                self._talking, self._tone_until = True, None
                self._began = at if self._began is None else self._began
            case TalkEnded(at=at):
                self._talking, self._ended = False, at
            case SaidSoFar(text=text):
                self._text, self._words = text, self._rules.who_says(text)
                self._understood = self._at
            case Judged(answered_by=answered_by):
                void = self._talking or answered_by is AnsweredBy.UNCERTAIN
                self._judged = None if void else answered_by
            case BeepLikely(at=at):
                self._tone_until = at + _LONGEST_BEEP
            case Beep():
                self._beeped = True
            case LinePassed():
                pass

    @property
    def deadline(self) -> Seconds | None:
        """Audio time at which silence alone would change something; None after the end."""
        if self._over:
            return None
        due = self._message_due() if self.verdict else min(at for at, _ in self._due())
        return max(due, self._at)

    def _conclude(self) -> list[AnswerDecision]:
        decisions = [] if self.verdict else self._decide()
        if self.verdict is None:
            return decisions
        if self.verdict.answered_by is not AnsweredBy.VOICEMAIL:
            self._over = True
        elif self._beeped or self._reached(self._message_due()):
            self._over = True
            decisions.append(MessageTime(at=self._at))
        return decisions

    def _decide(self) -> list[AnswerDecision]:
        if self._beeped:
            return [self._give(AnsweredBy.VOICEMAIL, Clue.BEEP)]
        if self._judged is not None:
            return [self._give(self._judged, Clue.MODEL)]
        if self._words is not None and self._words is not AnsweredBy.HUMAN:
            return [self._give(self._words, Clue.WORDS)]
        decisions: list[AnswerDecision] = []
        for at, conclusion in sorted(self._due(), key=lambda due: due[0]):
            if not self._reached(at):
                break
            if conclusion is not None:
                return [*decisions, self._give(*conclusion)]
            decisions.append(self._ask())
        return decisions

    def _due(self) -> list[tuple[Seconds, tuple[AnsweredBy, Clue] | None]]:
        """List what will be concluded if nothing else is heard, and when; None stands for asking a model."""
        rules, doubt = self._rules, (AnsweredBy.UNCERTAIN, Clue.DEADLINE)
        due: list[tuple[Seconds, tuple[AnsweredBy, Clue] | None]] = [(self._answered + rules.longest, doubt)]
        if self._began is None:
            due.append((self._answered + rules.no_voice, doubt))
            if self._words is AnsweredBy.HUMAN:  # who spoke at the very first moment may pass for noise
                due.append((self._understood + rules.after_short, (AnsweredBy.HUMAN, Clue.WORDS)))
        elif self._talking or self._ended is None:
            due.append((self._began + rules.endless, (AnsweredBy.VOICEMAIL, Clue.CADENCE)))
        else:
            tone = self._tone_until or 0.0
            silent = self._due_in_silence(self._began, self._ended)
            due += [(max(at, tone), conclusion) for at, conclusion in silent]
        return due

    def _due_in_silence(
        self, began: Seconds, ended: Seconds
    ) -> list[tuple[Seconds, tuple[AnsweredBy, Clue] | None]]:
        rules = self._rules
        if self._words is AnsweredBy.HUMAN:
            return [(ended + rules.clear, (AnsweredBy.HUMAN, Clue.WORDS))]
        if ended - began <= rules.short:
            return [(ended + rules.after_short, (AnsweredBy.HUMAN, Clue.CADENCE))]
        machine = AnsweredBy.VOICEMAIL, Clue.CADENCE
        if not self._has_model or not self._text:
            return [(ended + rules.after_long, machine)]
        if self._asked != self._text:
            return [(ended + rules.ask_after, None), (ended + rules.model, machine)]
        return [(ended + rules.model, machine)]

    def _ask(self) -> AskModel:
        self._asked = self._text
        return AskModel(text=self._text, at=self._at)

    def _give(self, answered_by: AnsweredBy, by: Clue) -> Verdict:
        self.verdict = Verdict(answered_by=answered_by, by=by, at=self._at)
        return self.verdict

    def _message_due(self) -> Seconds:
        latest = self._answered + self._rules.longest_greeting
        if self._talking or self._ended is None:
            return latest
        waits = max(self._ended + self._rules.message_after, self._tone_until or 0.0)
        return min(latest, waits)

    def _reached(self, at: Seconds) -> bool:
        return self._at >= at - _GRAIN
