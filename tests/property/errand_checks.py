"""What must be true of keys, transfers, hand-offs, sounds and silent callers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.property.actions import Gathers, WakesUp
from tests.property.parts import Voice
from tests.property.stage import Stage
from tests.property.telephones import TELEPHONES

from vision_agents.core.errors import SessionError
from vision_agents.core.events.agent import AgentFinishEvent, AgentHandedOverEvent, AgentStateChangedEvent
from vision_agents.core.events.event import Event
from vision_agents.core.events.sounds import BackgroundAudioEvent
from vision_agents.core.events.telephone import DtmfReceivedEvent, TransferEvent
from vision_agents.core.telephony.gathering import GatherOutcome, GatherResult
from vision_agents.core.telephony.transfer_steps import TransferFailure, TransferKind, TransferResult
from vision_agents.core.types.status import AgentState, Reason

GOOD_VOICES = {Voice.SPEAKS, Voice.SPEAKS_LATE}
_LOST = {TransferFailure.CALLER_LEFT, TransferFailure.CANCELLED}


def check_errands(stage: Stage, happened: Sequence[Event], *, is_cut_short: bool) -> None:
    """Whatever was begun ends once, in time, and as it should."""
    record = stage.errands.record
    assert all(errand.endings == 1 for errand in record.errands)
    late = [errand for errand in record.errands if errand.ended_at > happened[-1].at + 0.1]
    assert all(isinstance(errand.outcome, SessionError) for errand in late), "outlives the session"
    outcomes = [errand.outcome for errand in record.errands]
    assert all(outcome is not None for outcome in outcomes)
    transfers = [outcome for outcome in outcomes if isinstance(outcome, TransferResult)]
    for errand in record.errands:
        _check_type(isinstance(errand.what, Gathers), errand.outcome)
    _check_transfers(stage, transfers, is_cut_short=is_cut_short)
    told = [event for event in happened if isinstance(event, TransferEvent)]
    assert len(told) == len(transfers)
    _check_gathers(outcomes, is_cut_short=is_cut_short)
    _check_keys(stage, happened, is_cut_short=is_cut_short)
    handed_over = [event for event in happened if isinstance(event, AgentHandedOverEvent)]
    assert len(handed_over) <= len(record.successors)
    if not is_cut_short and handed_over:
        assert stage.session.agent in record.successors
    reason = stage.session.close_reason
    if reason is not None and reason.reason is Reason.USER_SILENT:
        assert any(isinstance(s.action, WakesUp) and s.action.attempts for s in stage.scene.steps)


def _check_type(is_gather: bool, outcome: object) -> None:
    """A gather gives digits, a transfer a result; else it was refused, or its tool was cut."""
    kind = GatherResult if is_gather else TransferResult
    assert isinstance(outcome, kind | SessionError | asyncio.CancelledError), outcome


def _check_transfers(stage: Stage, results: Sequence[TransferResult], *, is_cut_short: bool) -> None:
    for result in results:
        planned = TELEPHONES["+" + result.target.uri.split("+")[1]]
        mute = result.kind is TransferKind.WARM and result.error is TransferFailure.REFUSED
        if result.error != planned and not (mute and set(stage.scene.voices) - GOOD_VOICES):
            assert is_cut_short, result
            assert result.ok or result.error in _LOST or result.error is TransferFailure.REFUSED, result
    reason = stage.session.close_reason
    if reason is not None and reason.reason is Reason.TRANSFERRED:
        assert any(result.ok for result in results)
    elif not is_cut_short:
        assert not any(result.ok for result in results)


def _check_gathers(outcomes: Sequence[object], *, is_cut_short: bool) -> None:
    for outcome in outcomes:
        if isinstance(outcome, GatherResult) and not is_cut_short:
            assert outcome.outcome is not GatherOutcome.CANCELLED


def _check_keys(stage: Stage, happened: Sequence[Event], *, is_cut_short: bool) -> None:
    """Each key is told once and in order, but those of a secret."""
    record = stage.errands.record
    keys = [event.digit for event in happened if isinstance(event, DtmfReceivedEvent)]
    assert record.told == keys
    rest = iter(record.pressed)
    assert all(key in rest for key in keys), (keys, record.pressed)
    secret = any(isinstance(e.what, Gathers) and e.what.sensitive for e in record.errands)
    if not secret and not is_cut_short:
        assert keys == record.pressed


def check_sounds(happened: Sequence[Event]) -> None:
    """A sound begins and ends in turn, and none begins at the end."""
    closing = False
    plays = {"background": False, "thinking": False}
    for event in happened:
        if isinstance(event, AgentStateChangedEvent):
            closing |= event.state is AgentState.CLOSING
        if isinstance(event, AgentFinishEvent):
            closing = True
        if isinstance(event, BackgroundAudioEvent):
            assert event.playing != plays[event.kind], f"{event.kind} plays twice, or ends twice"
            assert not (closing and event.playing), f"{event.kind} begins at the end"
            plays[event.kind] = event.playing
