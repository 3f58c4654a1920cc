"""What a turn machine decides; the session carries it out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.types.units import Seconds


class EndedBy(StrEnum):
    """Why a turn was taken as finished."""

    DETECTOR = "detector"
    SILENCE = "silence"
    RECOGNISER = "recogniser"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The speaker began, at `at`."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The speaker fell silent at `speech_end`: ask the recogniser for the words up to pause `pause`."""

    pause: int
    speech_end: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class JudgePause:
    """The silence lasts: ask the turn detector about pause `pause`."""

    pause: int
    at: Seconds


@dataclass(frozen=True, slots=True)
class Prepare:
    """The turn may be over: prepare an answer to `text`, and show nothing of it."""

    pause: int
    text: str


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on: what was asked or prepared for the pause is void."""

    pause: int
    at: Seconds


@dataclass(frozen=True, slots=True)
class Hold:
    """Silence the agent at once, and keep what it was saying."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Release:
    """It was nothing: let the agent go on with what was held."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the agent for good: the speaker takes the floor."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The speaker's turn is complete: answer `text`."""

    text: str
    speech_start: Seconds
    speech_end: Seconds
    at: Seconds
    by: EndedBy


@dataclass(frozen=True, slots=True)
class TurnDropped:
    """There were no words in it, or only a back-channel while the agent was busy: nothing to answer."""

    at: Seconds


Decision: TypeAlias = (
    SpeechStarted
    | SpeechPaused
    | JudgePause
    | Prepare
    | SpeechResumed
    | Hold
    | Release
    | Interrupt
    | TurnEnded
    | TurnDropped
)
