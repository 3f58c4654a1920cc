"""What is told of the turns of a conversation while they happen."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from vision_agents.core.agents.listener import UserTurn
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import (
    AgentCaptionEvent,
    AgentTurnEndedEvent,
    AgentTurnStartedEvent,
    SpeculationDroppedEvent,
    TurnMarksEvent,
    TurnObservedEvent,
    UserTranscriptEvent,
    UserTurnEndedEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import ErrorEvent, LLMErrorEvent, STTErrorEvent, TTSErrorEvent
from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.speech.playout import Sentence
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.turns.decisions import Decision
from vision_agents.core.turns.observations import Observation
from vision_agents.core.types.people import Participant

logger = logging.getLogger("vision_agents.dialogue")


class TurnEvents:
    """Publishes what happens in the turns, and counts what fails.

    Args:
        bus: takes the events.
        reports: keeps the numbers.
    """

    def __init__(self, bus: EventBus, reports: TurnReports) -> None:
        self._bus = bus
        self._reports = reports
        self._begun: set[str] = set()

    def observed(
        self, participant: Participant, observation: Observation, decisions: Sequence[Decision]
    ) -> None:
        """The turn machine of a participant has observed and decided."""
        if self._bus.has_subscribers(TurnObservedEvent):
            self._bus.emit(
                TurnObservedEvent,
                participant=participant,
                observation=observation,
                decisions=tuple(decisions),
            )

    def user_turn(self, turn: UserTurn) -> None:
        """A participant's turn is complete."""
        self._reports.collector.on_user_turn(turn.timeline)
        self._bus.emit(
            UserTurnEndedEvent,
            participant=turn.participant,
            duration_ms=turn.duration * 1000,
            trailing_silence_ms=turn.trailing_silence * 1000,
        )
        self._bus.emit(UserTranscriptEvent, participant=turn.participant, text=turn.text)

    def stt_failed(self, error: Exception) -> None:
        """The recogniser failed."""
        logger.warning("The recogniser failed", extra={"error": type(error).__name__})
        self._reports.collector.on_error("stt")
        self._bus.emit(STTErrorEvent, error_message=str(error) or type(error).__name__)

    def began(self, utterance: UtteranceHandle) -> None:
        """The first sample of an utterance goes out."""
        self._begun.add(utterance.id)
        self._bus.emit(AgentTurnStartedEvent, utterance_id=utterance.id)

    def marks(self, utterance: UtteranceHandle, timeline: TurnTimeline) -> None:
        """An answer to a participant begins to be heard."""
        if timeline.get(Mark.SPEECH_END) is None or not self._bus.has_subscribers(TurnMarksEvent):
            return
        delay = timeline.response_delay
        self._bus.emit(
            TurnMarksEvent,
            turn_id=utterance.id,
            marks_ms=timeline.marks_ms,
            spans_ms=timeline.spans_ms,
            response_delay_ms=None if delay is None else round(delay * 1000, 3),
        )

    def sentence(self, utterance: UtteranceHandle, sentence: Sentence) -> None:
        """A sentence begins to be heard."""
        if self._bus.has_subscribers(AgentCaptionEvent):
            playout = utterance.playout
            duration = sentence.total / playout.sample_rate * 1000 if sentence.complete else None
            self._bus.emit(
                AgentCaptionEvent,
                utterance_id=utterance.id,
                text=sentence.text,
                offset_ms=playout.played * 1000,
                duration_ms=duration,
            )

    def ended(self, utterance: UtteranceHandle) -> None:
        """An utterance has ended; one that never began is not told of."""
        if utterance.id in self._begun:
            self._begun.discard(utterance.id)
            self._bus.emit(
                AgentTurnEndedEvent,
                utterance_id=utterance.id,
                interrupted=utterance.interrupted,
                text=utterance.text,
                spoken_text=utterance.spoken_text,
                played_ms=round(utterance.played_seconds * 1000, 3),
            )

    def failed(self, error: Exception) -> None:
        """A turn of the agent failed."""
        stage = error.stage if isinstance(error, ProviderError) else "llm"
        kind: type[ErrorEvent] = TTSErrorEvent if stage == "tts" else LLMErrorEvent
        logger.error("A turn of the agent failed", extra={"stage": stage, **failure_fields(error)})
        self._reports.collector.on_error("tts" if kind is TTSErrorEvent else "llm")
        self._bus.emit(kind, error_message=str(error) or type(error).__name__)

    def wasted(self, tokens: int) -> None:
        """An answer was prepared in vain."""
        self._bus.emit(SpeculationDroppedEvent, tokens=tokens)
