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


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The speaker began, at `at`."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The speaker fell silent at `speech_end`: ask the recogniser and the turn detector for pause `pause`."""

    pause: int
    speech_end: Seconds
    at: Seconds


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on: whatever was asked for the pause is void."""

    pause: int


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the agent: the speaker takes the floor."""

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
    """There were no words in it, or only a back-channel while the agent spoke: nothing to answer."""

    at: Seconds


Decision: TypeAlias = SpeechStarted | SpeechPaused | SpeechResumed | Interrupt | TurnEnded | TurnDropped
