"""What a turn machine is told; `at` is audio time, in seconds since the speaker's first sample."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.types.units import Seconds


class Floor(StrEnum):
    """What the agent is doing while the speaker may speak."""

    FREE = "free"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PROTECTED = "protected"
    """It speaks or thinks, and must not be interrupted."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A VAD window that ends at `at` and lasts `duration`."""

    at: Seconds
    duration: Seconds
    probability: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Marked silence up to `at`: nothing arrived, so there was nothing to hear."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Interim:
    """The recogniser's guess at the words so far."""

    text: str


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The turn detector's answer for one pause: probability that the turn is complete."""

    pause: int
    probability: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The recogniser's answer for one pause: the words of the whole turn so far, or "" for none."""

    pause: int
    text: str


@dataclass(frozen=True, slots=True)
class ReportedStart:
    """A recogniser with turn detection heard the speaker begin."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class ReportedEnd:
    """A recogniser with turn detection heard the speaker finish, having said `text`."""

    at: Seconds
    text: str


@dataclass(frozen=True, slots=True)
class ToldToStart:
    """The application opens a turn (push to talk pressed)."""


@dataclass(frozen=True, slots=True)
class ToldToEnd:
    """The application ends the turn (push to talk released)."""


@dataclass(frozen=True, slots=True)
class FloorChanged:
    """The agent began or ended something."""

    floor: Floor


Observation: TypeAlias = (
    Voice
    | Silence
    | Interim
    | Likelihood
    | Heard
    | ReportedStart
    | ReportedEnd
    | ToldToStart
    | ToldToEnd
    | FloorChanged
)
