"""What happens in a session, told to the people in the call: the entries that their page shows.

Each entry is JSON. ``type`` is one of: ``hello``, ``agent_state``, ``user_state``, ``transcript`` (the same
``id`` takes the earlier text's place), ``tool``, ``turn``, ``error``, ``log``, ``end``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from vision_agents.core.edge.transport import Capability, Connection
from vision_agents.core.events.agent import (
    AgentCaptionEvent,
    AgentHandedOverEvent,
    AgentLeavingCallEvent,
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    SpeculationDroppedEvent,
    TurnMarksEvent,
    UserInterimTranscriptEvent,
    UserStateChangedEvent,
    UserTranscriptEvent,
)
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import (
    ErrorEvent,
    LLMErrorEvent,
    MCPErrorEvent,
    ParticipantJoinedEvent,
    ParticipantLeftEvent,
    ParticipantReconnectedEvent,
    ParticipantReconnectingEvent,
    STTErrorEvent,
    ToolEndEvent,
    ToolStartEvent,
    TTSErrorEvent,
)
from vision_agents.core.events.sounds import BackgroundAudioEvent
from vision_agents.core.events.telephone import DtmfReceivedEvent, TransferEvent, VoicemailResultEvent

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession

Entry: TypeAlias = Mapping[str, object]
Handler: TypeAlias = Callable[[Any], None]

_MOST_ARGUMENTS = 2000
"""Characters of a tool's arguments; more are left out."""

_ERRORS: Mapping[type[ErrorEvent], str] = {
    STTErrorEvent: "The recogniser failed.",
    LLMErrorEvent: "The language model failed.",
    TTSErrorEvent: "The synthesiser failed.",
    MCPErrorEvent: "A server of tools cannot be used.",
}
"""A provider's own words may hold what is not for everybody in the call: they are in the log."""

_LOGGED: Mapping[type[Event], tuple[str, ...]] = {
    AgentHandedOverEvent: (),
    SpeculationDroppedEvent: ("tokens",),
    ParticipantLeftEvent: (),
    ParticipantReconnectingEvent: (),
    DtmfReceivedEvent: ("digit",),
    TransferEvent: ("kind", "reached", "error", "duration_ms"),
    VoicemailResultEvent: ("is_voicemail", "answered_by"),
    BackgroundAudioEvent: ("kind", "playing"),
}
"""What is worth a line of the event log, and what of it."""


class SessionFeed:
    """Shows a session to the people in its call, until the agent leaves.

    Args:
        session: what is shown.
        connection: shows it.
    """

    def __init__(self, session: AgentSession, connection: Connection) -> None:
        self._session = session
        self._connection = connection
        self._user_lines: dict[str, int] = {}
        self._agent_lines: dict[str, str] = {}
        self._handlers: list[tuple[type[Event], Handler]] = [
            (ParticipantJoinedEvent, self._on_joined),
            (ParticipantReconnectedEvent, self._on_joined),
            (AgentStateChangedEvent, self._on_agent_state),
            (UserStateChangedEvent, self._on_user_state),
            (UserInterimTranscriptEvent, self._on_interim),
            (UserTranscriptEvent, self._on_transcript),
            (AgentCaptionEvent, self._on_caption),
            (AgentTurnEndedEvent, self._on_agent_turn),
            (ToolStartEvent, self._on_tool_start),
            (ToolEndEvent, self._on_tool_end),
            (TurnMarksEvent, self._on_marks),
            (AgentLeavingCallEvent, self._on_leaving),
            *((kind, self._on_error) for kind in _ERRORS),
            *((kind, self._on_logged) for kind in _LOGGED),
        ]

    @classmethod
    def begin(cls, session: AgentSession, connection: Connection) -> None:
        """Show a session from now on, where the connection can; whoever is there is told how it stands."""
        if Capability.FEED not in connection.capabilities:
            return
        feed = cls(session, connection)
        for kind, handler in feed._handlers:
            session.events.on(kind, handler)
        if connection.participants:
            for entry in feed._present():
                connection.show(entry)

    def _show(self, entry: Entry) -> None:
        if self._connection.participants:
            self._connection.show(entry)

    def _present(self) -> list[Entry]:
        session, agent = self._session, self._session.agent
        return [
            {
                "type": "hello",
                "session_id": session.id,
                "call_id": session.call_id,
                "agent": {"id": agent.agent_user.id, "name": agent.agent_user.name},
                "muted": False,
            },
            _state("agent_state", session.agent_state, session.agent_state),
            _state("user_state", session.user_state, session.user_state),
        ]

    def _on_joined(self, event: ParticipantJoinedEvent | ParticipantReconnectedEvent) -> None:
        for entry in self._present():
            self._connection.show(entry, event.participant)
        self._log(event, ())

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        self._show(_state("agent_state", event.state, event.old_state))

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        self._show(_state("user_state", event.state, event.old_state))

    def _on_interim(self, event: UserInterimTranscriptEvent) -> None:
        self._show(self._user_line(event, event.text, final=False))

    def _on_transcript(self, event: UserTranscriptEvent) -> None:
        self._show(self._user_line(event, event.text, final=True))
        who = event.participant.id if event.participant else ""
        self._user_lines[who] = self._user_lines.get(who, 0) + 1

    def _user_line(self, event: Event, text: str, *, final: bool) -> Entry:
        who = event.participant.id if event.participant else ""
        line = f"user-{who}-{self._user_lines.get(who, 0)}"
        about = self._connection.participants_data.get(who, {})
        name = {"name": about["name"]} if about.get("name") else {}
        return {"type": "transcript", "role": "user", "id": line, "text": text, "final": final, **name}

    def _on_caption(self, event: AgentCaptionEvent) -> None:
        text = f"{self._agent_lines.get(event.utterance_id, '')} {event.text}".strip()
        self._agent_lines[event.utterance_id] = text
        self._show(_agent_line(event.utterance_id, text, final=False))

    def _on_agent_turn(self, event: AgentTurnEndedEvent) -> None:
        self._agent_lines.pop(event.utterance_id, None)
        line = _agent_line(event.utterance_id, event.spoken_text, final=True)
        unheard = event.text.removeprefix(event.spoken_text).strip() if event.interrupted else ""
        self._show({**line, "interrupted": event.interrupted, **({"unheard": unheard} if unheard else {})})

    def _on_tool_start(self, event: ToolStartEvent) -> None:
        self._show(
            {
                "type": "tool",
                "phase": "start",
                "id": event.tool_call_id,
                "name": event.tool_name,
                "arguments": _bounded(event.arguments),
            }
        )

    def _on_tool_end(self, event: ToolEndEvent) -> None:
        self._show(
            {
                "type": "tool",
                "phase": "end",
                "id": event.tool_call_id,
                "name": event.tool_name,
                "ok": event.success,
                "duration_ms": event.execution_time_ms,
            }
        )

    def _on_marks(self, event: TurnMarksEvent) -> None:
        self._show(
            {
                "type": "turn",
                "turn_id": event.turn_id,
                "response_delay_ms": event.response_delay_ms,
                "spans_ms": dict(event.spans_ms),
            }
        )

    def _on_error(self, event: ErrorEvent) -> None:
        self._show({"type": "error", "message": _ERRORS[type(event)]})

    def _on_logged(self, event: Event) -> None:
        self._log(event, _LOGGED[type(event)])

    def _log(self, event: Event, fields: tuple[str, ...]) -> None:
        who = {"participant_id": event.participant.id} if event.participant else {}
        told = {name: getattr(event, name) for name in fields}
        self._show({"type": "log", "event": event.type, **who, **told})

    def _on_leaving(self, event: AgentLeavingCallEvent) -> None:
        self._show({"type": "end", "reason": event.reason.value, "detail": event.detail})
        for kind, handler in self._handlers:
            self._session.events.off(handler, kind)


def _state(kind: str, state: str, old_state: str) -> Entry:
    return {"type": kind, "state": str(state), "old_state": str(old_state)}


def _agent_line(utterance_id: str, text: str, *, final: bool) -> Entry:
    return {"type": "transcript", "role": "agent", "id": utterance_id, "text": text, "final": final}


def _bounded(arguments: Mapping[str, object]) -> Entry:
    try:
        text = json.dumps(arguments)
    except (TypeError, ValueError):
        text = None
    if text is None or len(text) > _MOST_ARGUMENTS:
        return dict.fromkeys(list(arguments)[:20], "...")
    return arguments
