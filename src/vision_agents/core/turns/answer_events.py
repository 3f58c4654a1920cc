"""What is told and decided about who took a call; `at` is audio time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.types.units import Seconds


class AnsweredBy(StrEnum):
    """Who or what took the call."""

    HUMAN = "human"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    """A menu that wants keys or words."""
    UNAVAILABLE = "unavailable"
    """The network says that nobody can be reached."""
    SCREENING = "screening"
    """A machine asks who calls, for somebody who listens."""
    UNCERTAIN = "uncertain"


class Clue(StrEnum):
    """What told it."""

    CADENCE = "cadence"
    BEEP = "beep"
    WORDS = "words"
    MODEL = "model"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class TalkBegan:
    """A voice is heard on the line."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The voice has been silent since `at`."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class BeepLikely:
    """A tone sounds that may turn out to be a beep."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Beep:
    """A machine's beep ended at `at`."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class SaidSoFar:
    """Everything that was understood since the call was answered."""

    text: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class Judged:
    """The language model's answer to `AskModel`."""

    answered_by: AnsweredBy
    at: Seconds


@dataclass(frozen=True, slots=True)
class LinePassed:
    """It is `at` by now, and nothing else was heard."""

    at: Seconds


AnswerObservation: TypeAlias = TalkBegan | TalkEnded | BeepLikely | Beep | SaidSoFar | Judged | LinePassed


@dataclass(frozen=True, slots=True)
class AskModel:
    """Cadence and words leave it open: ask a language model about `text`, and tell with `Judged`."""

    text: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    """It is decided, once: the agent may speak."""

    answered_by: AnsweredBy
    by: Clue
    at: Seconds


@dataclass(frozen=True, slots=True)
class MessageTime:
    """After the verdict `voicemail`: the greeting is over, a message would be recorded from now on."""

    at: Seconds


AnswerDecision: TypeAlias = AskModel | Verdict | MessageTime
