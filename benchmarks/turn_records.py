"""What it costs to count and to trace a turn, and to write a scrape; one line of JSON, in microseconds.

    python benchmarks/turn_records.py

The turn has two requests to the model, a tool and four sentences. Tracing is measured where nobody has set it
up, and with the OpenTelemetry SDK and no exporter.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.observability.prometheus import render
from vision_agents.core.observability.timeline import Mark, TurnTimeline, UserSpeech
from vision_agents.core.observability.tracing import SessionTrace, TracedSession, trace_session
from vision_agents.core.observability.turn_record import (
    ModelRequest,
    Synthesis,
    ToolRun,
    TurnRecord,
    TurnWork,
)
from vision_agents.core.types.status import CloseReason, Reason

ROUNDS = 2000


@dataclass
class Registry:
    available: bool = True


@dataclass
class Node:
    active_sessions: int = 10
    total_sessions_started: int = 100
    zombie_sessions: int = 0
    ready: bool = True
    draining: bool = False
    registry: Registry = None  # type: ignore[assignment]


def a_turn() -> TurnRecord:
    timeline = TurnTimeline()
    timeline.speech = UserSpeech("caller", 0.0, 2.0, 0.5)
    for at, mark in enumerate(Mark, start=2):
        timeline.mark(mark, float(at))
    timeline.transcribed(2.6, asked=2.5)
    requests = [ModelRequest(3.0, "model", "provider", 3.2, 3.5, 100, 20) for _ in range(2)]
    syntheses = [Synthesis(4.0, 40, "provider", 4.1, 4.5, 2.0) for _ in range(4)]
    work = TurnWork(requests, [ToolRun(3.5, "tool", 3.9)], syntheses)
    return TurnRecord(
        turn_id="turn", timeline=timeline, work=work, outcome="completed", scripted=False, error="",
        played=8.0, ended=20.0,
    )  # fmt: skip


def traced(trace: SessionTrace, record: TurnRecord) -> None:
    """Everything that the engine asks of a trace for one turn."""
    with trace.inside():
        for run in record.work.tools:
            with trace.tool(record.turn_id, record.timeline, record.work, run):
                pass
    trace.turn(record)


def microseconds(work: Callable[[], object]) -> float:
    """The best of five rounds: what else the machine does only adds."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(ROUNDS):
            work()
        best = min(best, time.perf_counter() - start)
    return round(best / ROUNDS * 1e6, 2)


def main() -> None:
    record, collector, node = a_turn(), MetricsCollector(), NodeMetrics()
    counted = microseconds(lambda: collector.on_turn(record))
    collector.add_reader(node.turns)
    counted_for_node = microseconds(lambda: collector.on_turn(record))
    session = TracedSession(session_id="s", call_id="c", call_type="default", providers={})
    begin = microseconds(lambda: trace_session(session, time.perf_counter).end(CloseReason(Reason.COMPLETED)))
    untraced = trace_session(session, time.perf_counter)
    figures = {
        "benchmark": "turn_records",
        "count_us": counted,
        "count_with_node_us": counted_for_node,
        "untraced_turn_us": microseconds(lambda: traced(untraced, record)),
        "untraced_session_us": begin,
        "scrape_us": microseconds(lambda: render(node.families(Node(registry=Registry())))),
        "imported_opentelemetry": "opentelemetry" in sys.modules,
    }
    print(json.dumps(figures | with_sdk(session, record)))


def with_sdk(session: TracedSession, record: TurnRecord) -> dict[str, float]:
    from opentelemetry import trace

    api_alone = trace_session(session, time.perf_counter)
    assert type(api_alone) is SessionTrace
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    with_spans = trace_session(session, time.perf_counter)
    assert type(with_spans) is not SessionTrace
    return {"traced_turn_us": microseconds(lambda: traced(with_spans, record))}


if __name__ == "__main__":
    main()
