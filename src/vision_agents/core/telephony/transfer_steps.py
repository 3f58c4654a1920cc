"""What is told and decided while a call is handed over; `at` is of one clock that never runs back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from vision_agents.core.telephony.transfer_target import TransferTarget
from vision_agents.core.types.units import Seconds


class TransferKind(StrEnum):
    """How a call is handed over."""

    COLD = "cold"
    """The carrier connects caller and target, and the agent is out of it."""
    WARM = "warm"
    """The agent calls the target, tells what it is about, and joins the two."""


class TransferStep(StrEnum):
    """How far a transfer has come."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    ANSWERED = "answered"
    """Warm only: the target listens to the agent, and the caller waits."""
    CONNECTED = "connected"
    FAILED = "failed"


class TransferFailure(StrEnum):
    """Why nobody took the call."""

    REFUSED = "refused"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CALLER_LEFT = "caller_left"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TransferResult:
    """How a transfer ended.

    Args:
        target: whom the call was to be handed to.
        kind: how.
        reached: the last step before the end.
        error: why it failed; None where it did not.
        detail: the carrier's own words, if there are any.
        duration: how long it took.
    """

    target: TransferTarget
    kind: TransferKind
    reached: TransferStep
    error: TransferFailure | None
    detail: str
    duration: Seconds

    @property
    def ok(self) -> bool:
        """Whether somebody else has the caller now."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier will try."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Ringing:
    """It rings at the target."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Answered:
    """The target answers: cold, the caller; warm, the agent."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Warm: the target wants the call."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Failed:
    """It went wrong: the carrier or the target said no, or the target hung up."""

    at: Seconds
    error: TransferFailure
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The caller's leg to the agent is gone."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class CalledOff:
    """The agent, or who runs it, does not want the transfer any more."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class TimeWent:
    """It is `at` by now."""

    at: Seconds


TransferObservation: TypeAlias = (
    Accepted | Ringing | Answered | TakenOver | Failed | LegEnded | CalledOff | TimeWent
)


@dataclass(frozen=True, slots=True)
class AskCarrier:
    """Cold: ask the carrier to connect the caller with the target."""

    target: TransferTarget


@dataclass(frozen=True, slots=True)
class HoldCaller:
    """Warm: let the caller hear music; what they and the music say goes to no model."""


@dataclass(frozen=True, slots=True)
class DialTarget:
    """Warm: call the target on a leg of its own."""

    target: TransferTarget


@dataclass(frozen=True, slots=True)
class BriefTarget:
    """Warm: tell the target what it is about, and ask whether they take the call."""


@dataclass(frozen=True, slots=True)
class JoinLegs:
    """Warm: connect caller and target."""


@dataclass(frozen=True, slots=True)
class HangUpTarget:
    """Warm: end the leg to the target."""


@dataclass(frozen=True, slots=True)
class LeaveCall:
    """Leave the call without ending it for those who stay; close as transferred."""

    result: TransferResult


@dataclass(frozen=True, slots=True)
class ReturnToAgent:
    """Nobody took the call: off hold, and the agent goes on talking with the caller."""

    result: TransferResult


@dataclass(frozen=True, slots=True)
class CallLost:
    """The caller is gone: there is nobody to return to."""

    result: TransferResult


TransferDecision: TypeAlias = (
    AskCarrier
    | HoldCaller
    | DialTarget
    | BriefTarget
    | JoinLegs
    | HangUpTarget
    | LeaveCall
    | ReturnToAgent
    | CallLost
)
