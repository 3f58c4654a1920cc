"""What is shown of a conversation, kept from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from vision_agents.core.events.agent import (
    AgentCaptionEvent,
    AgentHandedOverEvent,
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    TurnMarksEvent,
    UserInterimTranscriptEvent,
    UserTranscriptEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import ErrorEvent, ToolEndEvent, ToolStartEvent
from vision_agents.core.events.tool_lines import ToolLines
from vision_agents.core.observability.timeline import Mark
from vision_agents.core.types.status import AgentState


class Voice(Enum):
    """Whose line it is."""

    USER = "you"
    AGENT = "agent"
    TOOL = "tool"
    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that stays; `aside` is what is told about it, not said."""

    voice: Voice
    text: str
    aside: str = ""


class Screen(Protocol):
    """Who shows it."""

    def show(self, line: Line) -> None:
        """Show a line that stays."""

    def caption(self, text: str) -> None:
        """A sentence of the agent begins to be heard."""

    def changed(self) -> None:
        """What does not stay is another: the state, what is being said."""


class Transcript:
    """Follows the events of one session.

    Args:
        screen: shows what comes of it.
    """

    def __init__(self, screen: Screen) -> None:
        self.state = AgentState.STARTING
        self.hearing = ""
        """What the user seems to be saying."""
        self.saying = ""
        """What is being heard of the agent."""
        self.delay = ""
        """How long the last answer took."""
        self._screen = screen
        self._delays: dict[str, str] = {}
        self._tools = ToolLines()

    def attach(self, events: EventBus) -> None:
        """Follow a bus from now on."""
        events.on(AgentStateChangedEvent, self._on_state)
        events.on(UserInterimTranscriptEvent, self._on_interim)
        events.on(UserTranscriptEvent, self._on_transcript)
        events.on(TurnMarksEvent, self._on_marks)
        events.on(AgentCaptionEvent, self._on_caption)
        events.on(AgentTurnEndedEvent, self._on_agent_turn)
        events.on(ToolStartEvent, self._tools.on_start)
        events.on(ToolEndEvent, self._on_tool_end)
        events.on(AgentHandedOverEvent, self._on_handed_over)
        events.on(ErrorEvent, self._on_error)

    def detach(self, events: EventBus) -> None:
        """Follow no more."""
        for handler in (
            self._on_state,
            self._on_interim,
            self._on_transcript,
            self._on_marks,
            self._on_caption,
            self._on_agent_turn,
            self._tools.on_start,
            self._on_tool_end,
            self._on_handed_over,
            self._on_error,
        ):
            events.off(handler)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        self.state = event.state
        self._screen.changed()

    def _on_interim(self, event: UserInterimTranscriptEvent) -> None:
        self.hearing = event.text
        self._screen.changed()

    def _on_transcript(self, event: UserTranscriptEvent) -> None:
        self.hearing = ""
        self._screen.show(Line(Voice.USER, event.text))

    def _on_marks(self, event: TurnMarksEvent) -> None:
        if event.response_delay_ms is not None:
            self.delay = f"{event.response_delay_ms:.0f} ms"
            self._delays[event.turn_id] = f"{self.delay}{_steps(event.marks_ms)}"

    def _on_caption(self, event: AgentCaptionEvent) -> None:
        self.saying = f"{self.saying} {event.text}".strip()
        self._screen.caption(event.text)
        self._screen.changed()

    def _on_agent_turn(self, event: AgentTurnEndedEvent) -> None:
        self.saying = ""
        delay = self._delays.pop(event.utterance_id, "")
        cut = "interrupted" if event.interrupted else ""
        spoken = event.spoken_text or "…"  # cut before a word was heard
        self._screen.show(Line(Voice.AGENT, spoken, ", ".join(filter(None, (cut, delay)))))

    def _on_tool_end(self, event: ToolEndEvent) -> None:
        took = f"{event.execution_time_ms:.0f} ms"
        self._screen.show(Line(Voice.TOOL, self._tools.ended(event), took))

    def _on_handed_over(self, event: AgentHandedOverEvent) -> None:
        self._screen.show(Line(Voice.NOTE, "Another agent goes on."))

    def _on_error(self, event: ErrorEvent) -> None:
        self._screen.show(Line(Voice.ERROR, event.error_message))


def _steps(marks_ms: Mapping[str, float]) -> str:
    """Tell where the time went: deciding that the turn is over, the model, the voice."""
    steps = (Mark.SPEECH_END, Mark.END_OF_TURN, Mark.LLM_FIRST_TOKEN, Mark.FIRST_AUDIO_PLAYED)
    at = [marks_ms.get(step.value) for step in steps]
    told = [
        f"{part} {max(0.0, later - earlier):.0f}"
        for part, earlier, later in zip(("turn", "model", "voice"), at, at[1:], strict=False)
        if earlier is not None and later is not None
    ]
    return f" ({', '.join(told)})" if told else ""
