"""Handing a call over, cold or warm: ends once, in bounded time, and never leaves the caller with nobody."""

from __future__ import annotations

from dataclasses import dataclass

from vision_agents.core.telephony.transfer_steps import (
    Accepted,
    Answered,
    AskCarrier,
    BriefTarget,
    CalledOff,
    CallLost,
    DialTarget,
    Failed,
    HangUpTarget,
    HoldCaller,
    JoinLegs,
    LeaveCall,
    LegEnded,
    ReturnToAgent,
    Ringing,
    TakenOver,
    TimeWent,
    TransferDecision,
    TransferFailure,
    TransferKind,
    TransferObservation,
    TransferResult,
    TransferStep,
)
from vision_agents.core.telephony.transfer_target import TransferTarget
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPatience:
    """How long each step may take.

    Args:
        accept: until the carrier says that it tries.
        answer: from then until somebody answers.
        briefing: from then, warm only, until they take the call.
    """

    accept: Seconds = 10.0
    answer: Seconds = 30.0
    briefing: Seconds = 60.0

    def __post_init__(self) -> None:
        """Refuse steps without time."""
        if not min(self.accept, self.answer, self.briefing) > 0:
            raise ValueError(
                "TransferPatience needs accept, answer and briefing > 0 s, not "
                f"{self.accept}, {self.answer}, {self.briefing}."
            )


_ORDER = tuple(TransferStep)


class TransferMachine:
    """One transfer: `begin`, then `observe` until there is a `result`."""

    def __init__(
        self, target: TransferTarget, kind: TransferKind, patience: TransferPatience | None = None
    ) -> None:
        self._target = target
        self.kind = kind
        self._patience = patience or TransferPatience()
        self._began: Seconds = 0.0
        self.step = TransferStep.REQUESTED
        """How far it has come."""
        self.deadline: Seconds | None = None
        """When the present step has taken too long; None before the beginning and after the end."""
        self.result: TransferResult | None = None
        """How it ended; None while it goes on."""

    def begin(self, at: Seconds) -> list[TransferDecision]:
        """Start the clock, and tell what to do first."""
        self._began = at
        self.deadline = at + self._patience.accept
        if self.kind is TransferKind.COLD:
            return [AskCarrier(self._target)]
        return [HoldCaller(), DialTarget(self._target)]

    def observe(self, observation: TransferObservation) -> list[TransferDecision]:
        """Take one observation and tell what follows from it; after the end, nothing does."""
        if self.result is not None or self.deadline is None:
            return []
        match observation:
            case Accepted(at=at):
                return self._advance(TransferStep.ACCEPTED, at)
            case Ringing(at=at):
                return self._advance(TransferStep.RINGING, at)
            case Answered(at=at):
                return self._answered(at)
            case TakenOver(at=at):
                return self._taken_over(at)
            case TimeWent(at=at):
                return self._time_is_up(at) if at >= self.deadline - 1e-6 else []
            case _:
                return self._broken_off(observation)

    def _broken_off(self, observation: Failed | LegEnded | CalledOff) -> list[TransferDecision]:
        match observation:
            case Failed(at=at, error=error, detail=detail):
                return self._fail(at, error, detail)
            case LegEnded(at=at):
                return self._leg_ended(at)
            case CalledOff(at=at):
                return self._fail(at, TransferFailure.CANCELLED)

    def _advance(self, step: TransferStep, at: Seconds) -> list[TransferDecision]:
        """Go on to a later step; one deadline holds for ringing, however often it is reported."""
        if _ORDER.index(step) > _ORDER.index(self.step):
            if self.step is TransferStep.REQUESTED:
                self.deadline = at + self._patience.answer
            self.step = step
        return []

    def _answered(self, at: Seconds) -> list[TransferDecision]:
        if self.kind is TransferKind.COLD:
            return [LeaveCall(self._end(at, TransferStep.CONNECTED))]
        if self.step is TransferStep.ANSWERED:
            return []
        self.step = TransferStep.ANSWERED
        self.deadline = at + self._patience.briefing
        return [BriefTarget()]

    def _taken_over(self, at: Seconds) -> list[TransferDecision]:
        if self.kind is TransferKind.COLD or self.step is not TransferStep.ANSWERED:
            return []
        return [JoinLegs(), LeaveCall(self._end(at, TransferStep.CONNECTED))]

    def _time_is_up(self, at: Seconds) -> list[TransferDecision]:
        rang = self.step in {TransferStep.ACCEPTED, TransferStep.RINGING}
        return self._fail(at, TransferFailure.NO_ANSWER if rang else TransferFailure.TIMED_OUT)

    def _leg_ended(self, at: Seconds) -> list[TransferDecision]:
        """Take a leg that goes after a cold transfer was accepted as handed over: few carriers say more."""
        if self.kind is TransferKind.COLD and self.step is not TransferStep.REQUESTED:
            return [LeaveCall(self._end(at, TransferStep.CONNECTED))]
        result = self._end(at, TransferStep.FAILED, TransferFailure.CALLER_LEFT)
        return [*self._clear_target(), CallLost(result)]

    def _fail(self, at: Seconds, error: TransferFailure, detail: str = "") -> list[TransferDecision]:
        result = self._end(at, TransferStep.FAILED, error, detail)
        return [*self._clear_target(), ReturnToAgent(result)]

    def _clear_target(self) -> list[TransferDecision]:
        return [HangUpTarget()] if self.kind is TransferKind.WARM else []

    def _end(
        self, at: Seconds, step: TransferStep, error: TransferFailure | None = None, detail: str = ""
    ) -> TransferResult:
        self.result = TransferResult(
            target=self._target,
            kind=self.kind,
            reached=self.step if error else step,
            error=error,
            detail=detail,
            duration=at - self._began,
        )
        self.step, self.deadline = step, None
        return self.result


def failure_of(status: int) -> TransferFailure:
    """Read a SIP status that ended a transfer."""
    match status:
        case 486 | 600:
            return TransferFailure.BUSY
        case 408 | 480 | 487:
            return TransferFailure.NO_ANSWER
        case 603 | 607 | 608:
            return TransferFailure.DECLINED
        case 404 | 410 | 484 | 502 | 503 | 504 | 604:
            return TransferFailure.UNREACHABLE
        case _:
            return TransferFailure.REFUSED
