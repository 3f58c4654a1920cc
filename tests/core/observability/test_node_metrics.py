"""What a scrape of a node reads after conversations and sessions of which everything is known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from tests.core.agents.scene_parts import calls, played_call

from vision_agents.core.errors import MaxConcurrentSessionsExceeded
from vision_agents.core.events.agent import TurnMarksEvent
from vision_agents.core.llm.llm import Usage
from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.observability.prometheus import render
from vision_agents.core.types.status import Reason
from vision_agents.testing import ScriptedSTT, ScriptedTTS, scripted_call


@dataclass
class Store:
    """A registry that answers, or not."""

    available: bool = True


@dataclass
class QuietNode:
    """A launcher as a scrape sees it."""

    active_sessions: int = 2
    total_sessions_started: int = 7
    zombie_sessions: int = 1
    ready: bool = True
    draining: bool = False
    registry: Store = field(default_factory=Store)


def scrape(metrics: NodeMetrics, node: QuietNode | None = None) -> dict[str, float]:
    """Series to value, those that are 0 left out."""
    lines = [line for line in render(metrics.families(node or QuietNode())).splitlines() if line[0] != "#"]
    series = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    return {name.removeprefix("vision_agents_"): value for name, value in series.items() if value}


def test_the_node_is_told_as_it_stands() -> None:
    assert scrape(NodeMetrics()) == {
        "sessions_active": 2,
        "sessions_started_total": 7,
        "sessions_zombie": 1,
        "ready": 1,
        "registry_available": 1,
    }
    bad = QuietNode(0, 0, 0, ready=False, draining=True, registry=Store(available=False))
    assert scrape(NodeMetrics(), bad) == {"draining": 1}


def test_every_reason_is_there_before_it_happens() -> None:
    text = render(NodeMetrics().families(QuietNode()))
    for reason in Reason:
        assert f'vision_agents_sessions_ended_total{{reason="{reason.value}"}} 0.0\n' in text


def test_sessions_and_heartbeats_are_counted() -> None:
    metrics = NodeMetrics()
    metrics.sessions.ended(Reason.HANGUP, 42.0)
    with pytest.raises(MaxConcurrentSessionsExceeded), metrics.sessions.starting():
        raise MaxConcurrentSessionsExceeded("full")
    with pytest.raises(OSError, match="gone"), metrics.sessions.starting():
        raise ConnectionError("gone")
    times = iter((1.0, 1.004, 2.0, 4.0))
    with metrics.sessions.heartbeat(lambda: next(times)):
        pass
    with pytest.raises(OSError, match="gone"), metrics.sessions.heartbeat(lambda: next(times)):
        raise OSError("gone")
    found = scrape(metrics)
    assert found['sessions_ended_total{reason="hangup"}'] == 1
    assert found["session_duration_seconds_sum"] == 42
    assert 'session_duration_seconds_bucket{le="30.0"}' not in found
    assert found['session_duration_seconds_bucket{le="60.0"}'] == 1
    assert found['session_starts_refused_total{error="MaxConcurrentSessionsExceeded"}'] == 1
    assert found['session_starts_refused_total{error="other"}'] == 1
    assert found['heartbeat_duration_seconds_sum{outcome="ok"}'] == pytest.approx(0.004)
    assert found['heartbeat_duration_seconds_sum{outcome="error"}'] == 2


@pytest.mark.virtual_time
async def test_the_turns_of_all_agents_add_up() -> None:
    async def look() -> str:
        """Look."""
        await asyncio.sleep(0.4)
        return "sun"

    metrics = NodeMetrics()
    answer = [0.2, calls("look"), Usage(10, 1)], [0.3, "Sunny.", Usage(20, 2)]
    async with played_call(*answer, tools=[look], tts=ScriptedTTS(delay=0.06)) as s:
        s.agent.metrics_collector.add_reader(metrics.turns)
        await s.caller.says("hello")
        await s.settles()
        s.session.say("Bye.")
        await s.settles()
        used = s.agent.metrics
        [marks] = s.of(TurnMarksEvent)
    async with scripted_call(stt=ScriptedSTT(fails=OSError("gone"))) as s:
        s.agent.metrics_collector.add_reader(metrics.turns)
        await s.caller.says("hello")
        await s.settles()
    found = scrape(metrics)
    assert found["user_turns_total"] == 1
    assert found['agent_turns_total{outcome="completed"}'] == 2
    assert found["response_delay_seconds_count"] == 1
    assert found["response_delay_seconds_sum"] == pytest.approx((marks.response_delay_ms or 0) / 1000)
    assert found['llm_tokens_total{direction="input"}'] == 30
    assert found['llm_tokens_total{direction="output"}'] == 3
    assert found['tool_calls_total{outcome="ok"}'] == 1
    assert found["tts_characters_total"] == len("Sunny.") + len("Bye.") == used.tts_characters__total.value
    assert found['provider_errors_total{stage="stt"}'] == 1
    sums = {
        stage: found[f'stage_latency_seconds_sum{{stage="{stage}"}}']
        for stage in ("stt", "llm", "tts", "tool")
    }
    assert sums == pytest.approx({"stt": 0.03, "llm": 0.5, "tts": 0.12, "tool": 0.4}, abs=1e-6)
    assert found['stage_latency_seconds_sum{stage="llm_first_token"}'] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.virtual_time
async def test_the_number_of_series_does_not_grow_with_use() -> None:
    metrics = NodeMetrics()
    before = render(metrics.families(QuietNode())).count("\n")
    for _ in range(3):
        async with played_call(["Yes."]) as s:
            s.agent.metrics_collector.add_reader(metrics.turns)
            await s.caller.says("hello")
            await s.settles()
        metrics.sessions.ended(Reason.COMPLETED, 3.0)
        with metrics.sessions.heartbeat(lambda: 0.0):
            pass
    assert render(metrics.families(QuietNode())).count("\n") == before
