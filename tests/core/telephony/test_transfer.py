"""Handing a call over (session.md 1.11): every way it can go, and back to the agent where nobody took it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.telephony.transfer import TransferMachine, TransferPatience, failure_of
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
    TransferStep,
)
from vision_agents.core.telephony.transfer_target import TransferTarget

DESK = TransferTarget.parse("+15550100")
PATIENCE = TransferPatience(accept=10, answer=30, briefing=60)


def cold() -> TransferMachine:
    machine = TransferMachine(DESK, TransferKind.COLD, PATIENCE)
    assert machine.begin(100.0) == [AskCarrier(DESK)]
    return machine


def warm() -> TransferMachine:
    machine = TransferMachine(DESK, TransferKind.WARM, PATIENCE)
    assert machine.begin(100.0) == [HoldCaller(), DialTarget(DESK)]
    return machine


def tell(machine: TransferMachine, *observations: TransferObservation) -> list[TransferDecision]:
    return [decision for observation in observations for decision in machine.observe(observation)]


def test_a_cold_transfer_that_works_leaves_the_call_to_the_others() -> None:
    machine = cold()
    assert tell(machine, Accepted(100.2), Ringing(101.0)) == []
    assert machine.step is TransferStep.RINGING
    (leave,) = tell(machine, Answered(104.0))
    assert isinstance(leave, LeaveCall)
    assert leave.result.ok
    assert leave.result.error is None
    assert leave.result.target == DESK
    assert leave.result.reached is TransferStep.CONNECTED
    assert leave.result.duration == pytest.approx(4.0)
    assert machine.result == leave.result


@pytest.mark.parametrize(
    ("steps", "error", "reached"),
    [
        ([Failed(101.0, TransferFailure.REFUSED, "403 Forbidden")], "refused", "requested"),
        ([Accepted(100.1), Failed(101.0, TransferFailure.BUSY)], "busy", "accepted"),
        ([Accepted(100.1), Ringing(101.0), Failed(120.0, TransferFailure.DECLINED)], "declined", "ringing"),
        ([TimeWent(110.0)], "timed_out", "requested"),
        ([Accepted(105.0), Ringing(106.0), TimeWent(135.0)], "no_answer", "ringing"),
        ([Accepted(105.0), CalledOff(106.0)], "cancelled", "accepted"),
    ],
)
def test_defect_18_a_cold_transfer_that_fails_returns_to_the_agent_with_a_typed_result(
    steps: list[TransferObservation], error: str, reached: str
) -> None:
    machine = cold()
    (back,) = tell(machine, *steps)
    assert isinstance(back, ReturnToAgent)
    assert not back.result.ok
    assert back.result.error == error
    assert back.result.reached == reached
    assert machine.step is TransferStep.FAILED


def test_the_carriers_own_words_are_kept() -> None:
    (back,) = tell(cold(), Failed(101.0, TransferFailure.REFUSED, "403 Forbidden"))
    assert isinstance(back, ReturnToAgent)
    assert back.result.detail == "403 Forbidden"


def test_a_caller_who_leaves_after_the_carrier_accepted_was_handed_over() -> None:
    (leave,) = tell(cold(), Accepted(100.1), LegEnded(102.0))
    assert isinstance(leave, LeaveCall)
    assert leave.result.ok


def test_a_caller_who_leaves_before_that_is_lost() -> None:
    (lost,) = tell(cold(), LegEnded(100.1))
    assert isinstance(lost, CallLost)
    assert lost.result.error is TransferFailure.CALLER_LEFT


def test_ringing_that_is_reported_again_does_not_wait_for_ever() -> None:
    machine = cold()
    tell(machine, Accepted(100.0))
    tell(machine, *(Ringing(100.0 + second) for second in range(1, 29)), Accepted(129.0))
    assert machine.deadline == pytest.approx(130.0)
    assert machine.step is TransferStep.RINGING


def test_a_warm_transfer_briefs_the_target_and_joins_the_two() -> None:
    machine = warm()
    assert tell(machine, Accepted(100.1), Ringing(101.0)) == []
    assert tell(machine, Answered(105.0)) == [BriefTarget()]
    assert machine.deadline == pytest.approx(165.0)
    join, leave = tell(machine, TakenOver(120.0))
    assert join == JoinLegs()
    assert isinstance(leave, LeaveCall)
    assert leave.result.ok
    assert leave.result.duration == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([Failed(101.0, TransferFailure.UNREACHABLE)], "unreachable"),
        ([Accepted(100.1), Ringing(101.0), TimeWent(130.1)], "no_answer"),
        ([Answered(105.0), Failed(110.0, TransferFailure.DECLINED)], "declined"),
        ([Answered(105.0), TimeWent(165.0)], "timed_out"),
        ([Answered(105.0), CalledOff(106.0)], "cancelled"),
    ],
)
def test_a_warm_transfer_that_fails_hangs_up_the_target_and_returns_to_the_caller(
    steps: list[TransferObservation], error: str
) -> None:
    *_, hang_up, back = tell(warm(), *steps)
    assert hang_up == HangUpTarget()
    assert isinstance(back, ReturnToAgent)
    assert back.result.error == error


def test_a_caller_who_hangs_up_on_hold_leaves_nobody_on_the_line() -> None:
    hang_up, lost = tell(warm(), Answered(105.0), LegEnded(110.0))[1:]
    assert hang_up == HangUpTarget()
    assert isinstance(lost, CallLost)


def test_nobody_takes_over_before_they_answered() -> None:
    machine = warm()
    assert tell(machine, TakenOver(101.0)) == []
    assert machine.result is None


def test_before_the_beginning_and_after_the_end_nothing_follows() -> None:
    fresh = TransferMachine(DESK, TransferKind.COLD)
    assert fresh.deadline is None
    assert fresh.observe(Answered(1.0)) == []
    machine = cold()
    tell(machine, Answered(101.0))
    assert tell(machine, Failed(102.0, TransferFailure.BUSY), LegEnded(103.0), TimeWent(999.0)) == []
    assert machine.deadline is None


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (486, "busy"),
        (600, "busy"),
        (480, "no_answer"),
        (603, "declined"),
        (404, "unreachable"),
        (403, "refused"),
    ],
)
def test_a_status_is_read(status: int, failure: str) -> None:
    assert failure_of(status) == failure


@pytest.mark.parametrize("patience", [{"accept": 0}, {"answer": -1}, {"briefing": 0}])
def test_steps_without_time_are_refused(patience: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="TransferPatience needs"):
        TransferPatience(**patience)


KINDS = [Accepted, Ringing, Answered, TakenOver, LegEnded, CalledOff, TimeWent]
ENDS = (LeaveCall, ReturnToAgent, CallLost)


@given(
    st.sampled_from(TransferKind),
    st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0.01, 40)), max_size=12),
)
def test_a_transfer_ends_once_and_in_bounded_time(
    kind: TransferKind, steps: list[tuple[type[Accepted], float]]
) -> None:
    machine, at = TransferMachine(DESK, kind, PATIENCE), 0.0
    decisions = machine.begin(at)
    for told, later in steps:
        at += later
        decisions += machine.observe(told(at))
    for _ in range(3):
        if machine.deadline is not None:
            decisions += machine.observe(TimeWent(machine.deadline))
    assert sum(isinstance(decision, ENDS) for decision in decisions) == 1
    assert isinstance(decisions[-1], ENDS)
    assert machine.result is not None
    assert machine.result == decisions[-1].result
    if kind is TransferKind.WARM and not machine.result.ok:
        assert HangUpTarget() in decisions
