"""The spans of a session: join, turns, and in each turn what its parts did; no word that was spoken.

A turn's spans are made from its record when it is over, with the times of the record. Only tools have a span
while they run, because they call code that may make spans of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode
from opentelemetry.util.types import AttributeValue

from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.observability.tracing import SessionTrace, TracedSession
from vision_agents.core.observability.turn_record import (
    ModelRequest,
    Synthesis,
    ToolRun,
    TurnRecord,
    TurnWork,
    turn_began,
)
from vision_agents.core.types.status import CloseReason
from vision_agents.core.types.units import Seconds


class SpanTrace(SessionTrace):
    """One session as spans.

    Args:
        session: what its span says.
        clock: the event loop's.
    """

    def __init__(self, session: TracedSession, clock: Callable[[], Seconds]) -> None:
        self._tracer = trace.get_tracer("vision_agents")
        self._now = clock
        self._began = clock()
        self._epoch = datetime.now(UTC).timestamp() - self._began
        self._open: dict[str, Span] = {}
        """Turns that began a tool and are not over."""
        self._span = self._start(
            "agent_session", self._began, context.get_current(), _session_attributes(session)
        )
        self._context = trace.set_span_in_context(self._span)

    @property
    def wanted(self) -> bool:
        """Whether anybody takes spans."""
        return self._span.get_span_context().is_valid

    def inside(self) -> AbstractContextManager[object]:
        """Make the session's span the current one."""
        return _current(self._context)

    @contextmanager
    def tool(self, turn_id: str, timeline: TurnTimeline, work: TurnWork, run: ToolRun) -> Generator[None]:
        """Make a span of the tool and let it be the current one."""
        turn = self._open.get(turn_id)
        if turn is None:
            began = turn_began(timeline, work, run.began)
            turn = self._open[turn_id] = self._start("turn", began, self._context, {})
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": run.name}
        span = self._start(f"execute_tool {run.name}", run.began, trace.set_span_in_context(turn), attributes)
        try:
            with _current(trace.set_span_in_context(span)):
                yield
        finally:
            if run.failed:
                span.set_status(StatusCode.ERROR)
            span.set_attribute("vision_agents.interrupted", run.ended is None)
            self._end(span, run.ended if run.ended is not None else self._now())

    def joined(self, at: Seconds) -> None:
        """Make a span of the joining."""
        self._made("join", self._began, at, self._context, {})

    def turn(self, record: TurnRecord) -> None:
        """Make the spans of a turn."""
        span = self._open.pop(record.turn_id, None)
        if not self._span.is_recording():
            return
        if span is None:
            span = self._start("turn", record.began, self._context, {})
        inside = trace.set_span_in_context(span)
        self._hearing_spans(record.timeline, inside)
        for request in record.work.requests:
            self._request_span(request, record.ended, inside)
        for synthesis in record.work.syntheses:
            self._synthesis_span(synthesis, record.ended, inside)
        if record.played_from is not None:
            self._made("playback", record.played_from, record.ended, inside, {})
        span.set_attributes(_turn_attributes(record))
        if record.error:
            span.set_status(StatusCode.ERROR, record.error)
        self._end(span, record.ended)

    def end(self, reason: CloseReason, error: BaseException | None = None) -> None:
        """End the session's span."""
        self._span.set_attribute("vision_agents.session.reason", reason.reason.value)
        if error is not None:
            self._span.set_status(StatusCode.ERROR, type(error).__name__)
        for span in (*self._open.values(), self._span):
            self._end(span, self._now())

    def _hearing_spans(self, timeline: TurnTimeline, inside: Context) -> None:
        speech = timeline.speech
        spoken, decided = timeline.get(Mark.SPEECH_END), timeline.get(Mark.END_OF_TURN)
        if speech is None or spoken is None or decided is None:
            return
        self._made("user_speech", speech.began, spoken, inside, {})
        self._made("endpointing", spoken, decided, inside, {})
        if timeline.transcript is not None:
            self._made("stt", *timeline.transcript, inside, {})

    def _request_span(self, request: ModelRequest, ended: Seconds, inside: Context) -> None:
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": request.provider,
            "gen_ai.request.model": request.model,
            "gen_ai.usage.input_tokens": request.input_tokens,
            "gen_ai.usage.output_tokens": request.output_tokens,
            "vision_agents.interrupted": request.ended is None,
        }
        if request.first_token is not None:
            attributes["vision_agents.time_to_first_token_ms"] = _ms(request.first_token - request.began)
        name = f"chat {request.model}".strip()
        self._made(name, request.began, request.ended or ended, inside, attributes)

    def _synthesis_span(self, synthesis: Synthesis, ended: Seconds, inside: Context) -> None:
        attributes: dict[str, AttributeValue] = {
            "gen_ai.provider.name": synthesis.provider,
            "vision_agents.tts.characters": synthesis.characters,
            "vision_agents.tts.audio_duration_ms": _ms(synthesis.audio_duration),
            "vision_agents.interrupted": synthesis.ended is None,
        }
        if synthesis.first_audio is not None:
            attributes["vision_agents.time_to_first_audio_ms"] = _ms(synthesis.first_audio - synthesis.began)
        self._made("tts", synthesis.began, synthesis.ended or ended, inside, attributes)

    def _made(
        self,
        name: str,
        began: Seconds,
        ended: Seconds,
        inside: Context,
        attributes: Mapping[str, AttributeValue],
    ) -> None:
        self._end(self._start(name, began, inside, attributes), ended)

    def _start(
        self, name: str, at: Seconds, inside: Context, attributes: Mapping[str, AttributeValue]
    ) -> Span:
        return self._tracer.start_span(name, context=inside, start_time=self._ns(at), attributes=attributes)

    def _end(self, span: Span, at: Seconds) -> None:
        span.end(self._ns(at))

    def _ns(self, at: Seconds) -> int:
        """Nanoseconds since the epoch; the session's first moment ties the loop's clock to the wall's."""
        return round((self._epoch + at) * 1e9)


@contextmanager
def _current(inside: Context) -> Generator[None]:
    token = context.attach(inside)
    try:
        yield
    finally:
        context.detach(token)


def _session_attributes(session: TracedSession) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "session.id": session.session_id,
        "vision_agents.call.id": session.call_id,
        "vision_agents.call.type": session.call_type,
    }
    for slot, info in session.providers.items():
        facts = {"provider": info.provider, "model": info.model, "voice": info.voice}
        attributes |= {f"vision_agents.{slot}.{fact}": text for fact, text in facts.items() if text}
    return attributes


def _turn_attributes(record: TurnRecord) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "vision_agents.turn.id": record.turn_id,
        "vision_agents.turn.outcome": record.outcome,
        "vision_agents.turn.scripted": record.scripted,
        "vision_agents.turn.played_ms": _ms(record.played),
    }
    if record.response_delay is not None:
        attributes["vision_agents.turn.response_delay_ms"] = _ms(record.response_delay)
    return attributes


def _ms(length: Seconds) -> float:
    return round(length * 1000, 3)
