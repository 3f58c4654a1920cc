"""What is told of a turn once it is over: one record, and from it the numbers, the event and the spans."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from vision_agents.core.events.agent import TurnMetricsEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.observability.tracing import SessionTrace
from vision_agents.core.observability.turn_record import ToolRun, TurnRecord

if TYPE_CHECKING:
    from vision_agents.core.agents.agent_turns import AgentTurn
    from vision_agents.core.agents.answer import Answer


class TurnReports:
    """Makes the record of each turn and hands it on.

    Args:
        collector: keeps the agent's numbers.
        bus: takes the event of a turn, where somebody subscribes.
        trace: makes the spans.
    """

    def __init__(self, collector: MetricsCollector, bus: EventBus, trace: SessionTrace) -> None:
        self.collector = collector
        self.trace = trace
        self._bus = bus

    def tool(self, answer: Answer, run: ToolRun) -> AbstractContextManager[object]:
        """Let what a tool does belong to it."""
        return self.trace.tool(answer.utterance.id, answer.timeline, answer.work, run)

    def agent_turn(self, turn: AgentTurn) -> None:
        """Tell of a turn of the agent that is over, heard or not."""
        utterance, answer = turn.utterance, turn.answer
        error = turn.failed or utterance.exception()
        record = TurnRecord(
            turn_id=utterance.id,
            timeline=answer.timeline,
            work=answer.work,
            outcome=utterance.state.value if turn.committed else "discarded",
            scripted=turn.script is not None,
            error=type(error).__name__ if error else "",
            played=utterance.played_seconds,
            ended=asyncio.get_running_loop().time(),
        )
        self.collector.on_turn(record)
        self.trace.turn(record)
        if self._bus.has_subscribers(TurnMetricsEvent):
            self._bus.publish(_event(record))


def _event(record: TurnRecord) -> TurnMetricsEvent:
    metrics = MetricsCollector()
    metrics.on_turn(record)
    if record.timeline.speech is not None:
        metrics.on_user_turn(record.timeline)
    delay = record.response_delay
    return TurnMetricsEvent(
        turn_id=record.turn_id,
        outcome=record.outcome,
        response_delay_ms=None if delay is None else round(delay * 1000, 3),
        metrics=metrics.metrics.to_dict(),
    )
