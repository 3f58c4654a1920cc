"""How long sessions may last, by the loop's clock alone."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, tzinfo

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, LedgerEdge, Stubborn, joined, never, now, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.launcher import supervisor
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import Reason, SessionStatus

pytestmark = pytest.mark.virtual_time


async def end_of(session: AgentSession) -> tuple[Reason, float]:
    async with asyncio.timeout(1000):
        await session.wait()
    assert session.close_reason is not None
    return session.close_reason.reason, now()


async def test_t09_the_longest_duration_counts_from_admission() -> None:
    """Building takes 10 s and joining 10 s of the 25 s."""
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            await asyncio.sleep(10)
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, joining=lambda: asyncio.sleep(10)))

    async with AgentLauncher(create_agent, stay, max_session_duration_seconds=25) as launcher:
        session = await launcher.start_session("lunch")
        reason, at = await end_of(session)

    assert reason is Reason.MAX_DURATION
    assert 25 <= at <= 25 + 5 + 0.5


async def test_t09_an_agent_alone_is_ended_within_an_interval() -> None:
    ledger = Ledger()
    edge = LedgerEdge(ledger)
    edges = [LedgerEdge(ledger), edge]
    async with AgentLauncher(lambda: LedgerAgent(ledger, edge=edges.pop(0)), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        edge.connections[0].idle_from = now()
        reason, at = await end_of(session)

    assert reason is Reason.IDLE_TIMEOUT
    assert 60 <= at <= 60 + 5 + 0.5


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_t09_a_jump_of_the_wall_clock_changes_nothing(
    jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Jumping(datetime):
        """A wall clock that was set to another hour."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Jumping:
            return cls.fromtimestamp(real() + jump, tz)

    real = time.time  # noqa: TID251 - the clock that jumps
    ledger = Ledger()
    async with AgentLauncher(
        lambda: LedgerAgent(ledger), stay, max_session_duration_seconds=100, max_sessions_per_call=1
    ) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(20)
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        monkeypatch.setattr(supervisor, "datetime", Jumping)
        after = await launcher.start_session("dinner")
        await asyncio.sleep(60)

        assert (session.status, after.status) == (SessionStatus.ACTIVE, SessionStatus.ACTIVE)
        assert await launcher.get_session_info("lunch", session.id) is not None
        reason, at = await end_of(session)
        assert reason is Reason.MAX_DURATION
        assert 100 <= at <= 105.5
        reason, at = await end_of(after)
        assert 120 <= at <= 125.5


@pytest.mark.parametrize("stuck", ["building", "joining"])
async def test_defect_12_what_never_gets_into_its_call_does_not_keep_its_slot(stuck: str) -> None:
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made and stuck == "building":
            await never()
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, joining=never))

    async with AgentLauncher(
        create_agent, stay, max_session_duration_seconds=10, start_timeout=1000
    ) as launcher:
        start = asyncio.get_running_loop().create_task(launcher.start_session("lunch", session_id="one"))
        await asyncio.sleep(15.5)
        await asyncio.wait([start])

        assert launcher.active_sessions == 0
        ended = await launcher.ended_session("lunch", "one")
        assert ended is not None
        assert ended.reason is Reason.MAX_DURATION
        start.exception()
    assert ledger.all_closed_once


async def test_defect_12_an_entry_point_that_never_joins_is_ended_too() -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        await never()

    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), enter, max_session_duration_seconds=20) as launcher:
        session = await launcher.start_session("lunch")
        reason, at = await end_of(session)

    assert reason is Reason.MAX_DURATION
    assert 20 <= at <= 25.5


async def test_t09_a_hanging_factory_that_cannot_be_cancelled_delays_no_expiry() -> None:
    ledger = Ledger()
    stubborn = Stubborn()

    async def create_agent() -> Agent:
        if ledger.made == 2:
            await stubborn()
        return LedgerAgent(ledger)

    async with AgentLauncher(create_agent, stay, max_session_duration_seconds=10) as launcher:
        session = await launcher.start_session("lunch")
        stuck = asyncio.get_running_loop().create_task(launcher.start_session("dinner"))
        _, at = await end_of(session)
        assert at <= 15.5
        await asyncio.wait([stuck])
        stuck.exception()
        stubborn.released.set()
