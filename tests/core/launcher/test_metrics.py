"""What a launcher counts, and what the registry is told of its sessions' numbers."""

from __future__ import annotations

import asyncio

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import MaxConcurrentSessionsExceeded
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.observability.metrics import METRIC_NAMES
from vision_agents.core.observability.prometheus import render
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


def make() -> Agent:
    return Agent(edge=Edge(), tts=ScriptedTTS())


async def greet(agent: Agent, call_type: str, call_id: str) -> None:
    """Say hello, then stay until somebody ends the session."""
    async with agent.join(await agent.create_call(call_type, call_id), participant_wait_timeout=0):
        await agent.say("Hello.")
        await agent.finish()


def scrape(launcher: AgentLauncher) -> dict[str, float]:
    """Series to value, those that are 0 and the sums of times left out."""
    lines = [line for line in render(launcher.metrics.families(launcher)).splitlines() if line[0] != "#"]
    series = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    return {
        name.removeprefix("vision_agents_"): value
        for name, value in series.items()
        if value and "_sum" not in name and "_bucket" not in name
    }


async def test_a_scrape_tells_of_sessions_turns_and_heartbeats() -> None:
    async with AgentLauncher(make, greet, maintenance_interval=5, max_concurrent_sessions=2) as launcher:
        first, second = await launcher.start_session("one"), await launcher.start_session("two")
        with pytest.raises(MaxConcurrentSessionsExceeded):
            await launcher.start_session("three")
        await asyncio.sleep(12)
        during = scrape(launcher)
        await launcher.close_session(first.id, wait=True)
        await second.agent.close()
        await second.wait()
        await asyncio.sleep(0)
        after = scrape(launcher)
    assert during == {
        "sessions_started_total": 2,
        "sessions_active": 2,
        "ready": 1,
        "registry_available": 1,
        'session_starts_refused_total{error="MaxConcurrentSessionsExceeded"}': 1,
        'heartbeat_duration_seconds_count{outcome="ok"}': 3,
        'agent_turns_total{outcome="completed"}': 2,
        'stage_latency_seconds_count{stage="tts"}': 2,
        "tts_characters_total": 12,
    }
    assert "sessions_active" not in after
    assert after['sessions_ended_total{reason="requested"}'] == 1
    assert after['sessions_ended_total{reason="completed"}'] == 1
    assert after["session_duration_seconds_count"] == 2


async def test_an_agent_that_cannot_be_built_is_a_start_that_was_refused() -> None:
    def fail() -> Agent:
        if made:
            raise LookupError("no persona")
        made.append(make())
        return made[0]

    made: list[Agent] = []
    async with AgentLauncher(fail, greet) as launcher:
        with pytest.raises(LookupError):
            await launcher.start_session("one")
        found = scrape(launcher)
    assert found['session_starts_refused_total{error="other"}'] == 1
    assert not any(name.startswith("sessions_ended_total") for name in found)


async def test_the_numbers_of_a_session_are_live_here_and_told_to_the_registry() -> None:
    async with AgentLauncher(make, greet, maintenance_interval=5) as launcher:
        session = await launcher.start_session("one")
        early = await launcher.get_session_info("one", session.id)
        await asyncio.sleep(2)
        live = await launcher.get_session_info("one", session.id)
        told = await launcher.registry.get("one", session.id)
        await asyncio.sleep(4)
        later = await launcher.registry.get("one", session.id)
        await launcher.close_session(session.id, wait=True)
        ended = await launcher.ended_session("one", session.id)
    assert early
    assert live
    assert told
    assert later
    assert ended
    for info in (early, live, told, later, ended):
        assert list(info.metrics) == list(METRIC_NAMES)
        assert info.metrics_updated_at is not None
    spoken = [info.metrics["tts_characters__total"] for info in (early, live, told, later, ended)]
    assert spoken == [0, 6, 0, 6, 6]


async def test_a_session_in_which_nothing_happens_is_not_told_anew() -> None:
    async with AgentLauncher(make, greet) as launcher:
        session = await launcher.start_session("one")
        await asyncio.sleep(2)
        collector = session.agent.metrics_collector
        numbers = collector.numbers()
        await asyncio.sleep(20)
        assert collector.numbers() is numbers
        await session.agent.say("More.")
        await asyncio.sleep(2)
        assert collector.numbers() is not numbers
