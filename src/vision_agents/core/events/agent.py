"""Events of the conversation: joins, turns, what was said, how things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from vision_agents.core.events.event import Event
from vision_agents.core.types.status import AgentState, Reason, UserState


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Which call an event is about."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentJoinedCallEvent(Event):
    """The agent is in the call."""

    type: ClassVar[str] = "agent.joined_call"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStartedEvent(Event):
    """The agent has entered: `Agent.on_enter` has returned, and the session is under way."""

    type: ClassVar[str] = "agent.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvent(Event):
    """Something of the application's own, published by `AgentSession.emit`."""

    type: ClassVar[str] = "agent.custom"
    name: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeavingCallEvent(Event):
    """The agent leaves the call next; what is sent now still reaches the others."""

    type: ClassVar[str] = "agent.leaving_call"
    call: CallInfo
    reason: Reason = Reason.COMPLETED
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeftCallEvent(Event):
    """The agent has left the call."""

    type: ClassVar[str] = "agent.left_call"
    call: CallInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFinishEvent(Event):
    """The session has ended; nothing follows."""

    type: ClassVar[str] = "agent.finish"
    reason: Reason = Reason.COMPLETED
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHandedOverEvent(Event):
    """Another agent goes on with the call; the session stays the same."""

    type: ClassVar[str] = "agent.handed_over"
    old_agent_id: str
    new_agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTurnStartedEvent(Event):
    """A participant began to speak."""

    type: ClassVar[str] = "agent.user_turn_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTurnEndedEvent(Event):
    """A participant's turn was taken as finished."""

    type: ClassVar[str] = "agent.user_turn_ended"
    duration_ms: float = 0.0
    trailing_silence_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTranscriptEvent(Event):
    """What a participant said in the turn that has ended."""

    type: ClassVar[str] = "agent.user_transcript"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInterimTranscriptEvent(Event):
    """What a participant seems to be saying; may change."""

    type: ClassVar[str] = "agent.user_interim_transcript"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTurnStartedEvent(Event):
    """The first sample of an utterance is being played."""

    type: ClassVar[str] = "agent.agent_turn_started"
    utterance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTurnEndedEvent(Event):
    """The last sample of an utterance was played, or it was cut.

    `text` is all that was to be said, `spoken_text` what the listener heard of it.
    """

    type: ClassVar[str] = "agent.agent_turn_ended"
    utterance_id: str = ""
    interrupted: bool = False
    text: str = ""
    spoken_text: str = ""
    played_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCaptionEvent(Event):
    """A sentence begins to be heard now.

    `offset_ms` is its place in the utterance; `duration_ms` its length, None while it is still being made.
    """

    type: ClassVar[str] = "agent.caption"
    utterance_id: str = ""
    text: str
    offset_ms: float = 0.0
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMarksEvent(Event):
    """The marks of a user's turn and the answer to it, as milliseconds on the event loop's clock.

    A mark is missing where its stage did not happen. `spans_ms`, keyed ``earlier..later``, add up.
    """

    type: ClassVar[str] = "agent.turn_marks"
    turn_id: str = ""
    marks_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    spans_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    response_delay_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnMetricsEvent(Event):
    """What one turn of the agent cost; comes when it is over, heard or not.

    `metrics` has the documented names of ``Agent.metrics``, for this turn alone. `outcome` is ``completed``,
    ``interrupted``, ``failed``, ``skipped`` or ``discarded``: never heard, or prepared in vain.
    """

    type: ClassVar[str] = "agent.turn_metrics"
    turn_id: str
    outcome: str
    response_delay_ms: float | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict[str, float | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRulesEvent(Event):
    """The rules by which a participant's turns are decided from now on."""

    type: ClassVar[str] = "agent.turn_rules"
    rules: object
    has_detector: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnObservedEvent(Event):
    """What a participant's turn machine was told, and what it decided: enough to decide it again."""

    type: ClassVar[str] = "agent.turn_observed"
    frequent: ClassVar[bool] = True
    observation: object
    decisions: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationDroppedEvent(Event):
    """An answer was prepared in vain: the speaker went on, or meant something else."""

    type: ClassVar[str] = "agent.speculation_dropped"
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStateChangedEvent(Event):
    """The human side went from one state to another."""

    type: ClassVar[str] = "user_state_changed"
    state: UserState
    old_state: UserState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChangedEvent(Event):
    """The agent went from one state to another."""

    type: ClassVar[str] = "agent_state_changed"
    state: AgentState
    old_state: AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionEvent(Event):
    """An event handler failed; the others were still called."""

    type: ClassVar[str] = "exception"
    handler: str
    error: BaseException
