"""The spans of conversations: who is whose child, and that their times are those of the record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from tests.core.agents.scene_parts import calls, played_call, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import JoinTimeout
from vision_agents.core.events.agent import AgentTurnStartedEvent, TurnMarksEvent, TurnMetricsEvent
from vision_agents.core.events.plugin import ToolStartEvent
from vision_agents.core.llm.llm import Usage
from vision_agents.core.types.status import Reason
from vision_agents.testing import Fails, ScriptedCall, ScriptedTTS, scripted_call

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    """Tracing set up as an application does it, for one test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


async def look() -> str:
    """Look."""
    await asyncio.sleep(0.4)
    with trace.get_tracer("application").start_as_current_span("weather station"):
        return "sun"


def tree(exporter: InMemorySpanExporter) -> list[str]:
    """Every span as the path from its root."""
    found = exporter.get_finished_spans()
    by_id = {span.context.span_id: span for span in found if span.context}

    def path(span: ReadableSpan) -> str:
        parent = by_id.get(span.parent.span_id) if span.parent else None
        return f"{path(parent)} > {span.name}" if parent else span.name

    return sorted(path(span) for span in found)


def one(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    [span] = [span for span in exporter.get_finished_spans() if span.name == name]
    return span


def attributes(exporter: InMemorySpanExporter, name: str) -> dict[str, Any]:
    return dict(one(exporter, name).attributes or {})


def length_ms(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e6


async def one_turn_with_a_tool() -> ScriptedCall:
    answers = [0.2, calls("look"), Usage(10, 1)], [0.3, "Sunny.", 0.1, Usage(20, 2)]
    async with played_call(*answers, tools=[look], tts=ScriptedTTS(delay=0.06)) as s:
        await s.caller.says("how is the weather")
        await s.settles()
    return s


async def test_the_tree_of_a_turn_with_a_tool(spans: InMemorySpanExporter) -> None:
    await one_turn_with_a_tool()
    assert tree(spans) == [
        "agent_session",
        "agent_session > join",
        "agent_session > turn",
        "agent_session > turn > chat",
        "agent_session > turn > chat",
        "agent_session > turn > endpointing",
        "agent_session > turn > execute_tool look",
        "agent_session > turn > execute_tool look > weather station",
        "agent_session > turn > playback",
        "agent_session > turn > stt",
        "agent_session > turn > tts",
        "agent_session > turn > user_speech",
    ]
    assert len({span.context.trace_id for span in spans.get_finished_spans() if span.context}) == 1


async def test_children_lie_within_their_parents(spans: InMemorySpanExporter) -> None:
    await one_turn_with_a_tool()
    turn = one(spans, "turn")
    for child in spans.get_finished_spans():
        if child.parent and turn.context and child.parent.span_id == turn.context.span_id:
            assert (turn.start_time or 0) <= (child.start_time or 0)
            assert (child.end_time or 0) <= (turn.end_time or 0)


async def test_the_times_are_those_of_the_marks(spans: InMemorySpanExporter) -> None:
    s = await one_turn_with_a_tool()
    [marks] = s.of(TurnMarksEvent)
    at = marks.marks_ms
    delay = (one(spans, "playback").start_time or 0) - (one(spans, "user_speech").end_time or 0)
    assert delay / 1e6 == pytest.approx(marks.response_delay_ms, abs=0.01)
    assert length_ms(one(spans, "endpointing")) == pytest.approx(
        at["end_of_turn"] - at["speech_end"], abs=0.01
    )
    assert length_ms(one(spans, "stt")) == pytest.approx(30, abs=0.01)
    assert length_ms(one(spans, "execute_tool look")) == pytest.approx(400, abs=0.01)
    chats = [span for span in spans.get_finished_spans() if span.name == "chat"]
    assert [length_ms(chat) for chat in chats] == [pytest.approx(200, abs=0.01), pytest.approx(400, abs=0.01)]


async def test_what_the_spans_say(spans: InMemorySpanExporter) -> None:
    s = await one_turn_with_a_tool()
    session, turn = attributes(spans, "agent_session"), attributes(spans, "turn")
    [metrics] = s.of(TurnMetricsEvent)
    assert session == {
        "session.id": s.session.id,
        "vision_agents.call.id": "scene",
        "vision_agents.call.type": "default",
        "vision_agents.stt.provider": "scripted",
        "vision_agents.llm.provider": "scripted",
        "vision_agents.tts.provider": "scripted",
        "vision_agents.vad.provider": "scripted",
        "vision_agents.eou.provider": "scripted",
        "vision_agents.session.reason": "completed",
    }
    assert turn["vision_agents.turn.id"] == metrics.turn_id
    assert turn["vision_agents.turn.outcome"] == "completed"
    assert turn["vision_agents.turn.response_delay_ms"] == metrics.response_delay_ms
    assert attributes(spans, "tts")["vision_agents.time_to_first_audio_ms"] == pytest.approx(60)
    chats = [span.attributes or {} for span in spans.get_finished_spans() if span.name == "chat"]
    assert [chat["gen_ai.usage.input_tokens"] for chat in chats] == [10, 20]
    assert [chat["vision_agents.time_to_first_token_ms"] for chat in chats] == [
        pytest.approx(200), pytest.approx(300),
    ]  # fmt: skip


async def test_no_word_that_was_spoken_is_in_a_span(spans: InMemorySpanExporter) -> None:
    await one_turn_with_a_tool()
    text = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert "weather station" in text
    for word in ("how is", "Sunny", '"sun"'):
        assert word not in text


async def test_a_fixed_text_is_a_turn_without_a_user(spans: InMemorySpanExporter) -> None:
    async with played_call() as s:
        s.session.say("Hello.")
        await s.settles()
    assert tree(spans)[2:] == [
        "agent_session > turn",
        "agent_session > turn > playback",
        "agent_session > turn > tts",
    ]
    assert attributes(spans, "turn")["vision_agents.turn.scripted"] is True


async def test_an_interrupted_tool_and_turn_say_so(spans: InMemorySpanExporter) -> None:
    async with played_call([0.1, calls("look")], tools=[look]) as s:
        await s.caller.says("hello")
        await until(lambda: s.of(ToolStartEvent))
        await asyncio.sleep(0.2)
        s.session.interrupt()
        await s.settles()
    assert attributes(spans, "turn")["vision_agents.turn.outcome"] == "interrupted"
    assert attributes(spans, "execute_tool look")["vision_agents.interrupted"] is True


async def test_a_turn_that_failed_has_the_class_of_its_error(spans: InMemorySpanExporter) -> None:
    async with scripted_call(Fails(error=OSError("secret"))) as s:
        await s.caller.says("hello")
        await s.settles()
    status = one(spans, "turn").status
    assert (status.status_code, status.description) == (StatusCode.ERROR, "OSError")
    assert "secret" not in one(spans, "turn").to_json()


async def test_a_call_that_cannot_be_joined_is_a_session_that_failed(spans: InMemorySpanExporter) -> None:
    class Deaf(Edge):
        async def start(self) -> None:
            raise JoinTimeout("not there")

    agent = Agent(edge=Deaf(), tts=ScriptedTTS())
    call = await agent.create_call("default", "scene")
    with pytest.raises(JoinTimeout):
        async with agent.join(call):
            pass
    assert tree(spans) == ["agent_session"]
    assert one(spans, "agent_session").status.description == "JoinTimeout"
    assert attributes(spans, "agent_session")["vision_agents.session.reason"] == Reason.JOIN_TIMEOUT


async def test_sessions_at_the_same_time_are_traces_of_their_own(spans: InMemorySpanExporter) -> None:
    async with played_call(["One."]) as first, played_call(["Two."]) as second:
        await first.caller.says("hello")
        await second.caller.says("hello")
        await first.settles()
        await second.settles()
    traces: dict[int, list[str]] = {}
    for span in spans.get_finished_spans():
        assert span.context
        traces.setdefault(span.context.trace_id, []).append(span.name)
    assert [(names.count("agent_session"), names.count("turn")) for names in traces.values()] == [
        (1, 1),
        (1, 1),
    ]


async def test_a_session_begun_inside_of_a_span_belongs_to_it(spans: InMemorySpanExporter) -> None:
    with trace.get_tracer("application").start_as_current_span("request"):
        async with played_call():
            pass
    assert tree(spans)[:2] == ["request", "request > agent_session"]


async def test_what_is_not_sampled_makes_no_spans_and_goes_on(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))
    s = await one_turn_with_a_tool()
    assert spans.get_finished_spans() == ()
    assert s.agent.metrics.llm_tool_calls__total.value == 1


async def interrupt(s: ScriptedCall) -> None:
    s.session.interrupt()


async def hang_up(s: ScriptedCall) -> None:
    await s.caller.hangs_up()


@pytest.mark.parametrize("act", [interrupt, hang_up])
async def test_every_span_that_began_ends(
    spans: InMemorySpanExporter,
    act: Callable[[ScriptedCall], Awaitable[None]],
) -> None:
    begun: list[str] = []
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)

    class Counts(SimpleSpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            begun.append(getattr(span, "name", ""))

    provider.add_span_processor(Counts(InMemorySpanExporter()))
    async with played_call(["A long answer. It goes on and on.", calls("look")], tools=[look]) as s:
        await s.caller.says("hello")
        await until(lambda: s.of(AgentTurnStartedEvent))
        await act(s)
    assert sorted(begun) == sorted(span.name for span in spans.get_finished_spans())
