"""A close takes effect at once, is carried out in bounded time, and the slot is free when it is true."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.launcher.conftest import Nodes
from tests.core.launcher.ledger import (
    Ledger,
    LedgerAgent,
    LedgerEdge,
    Stubborn,
    joined,
    never,
    now,
    stay,
    until,
)

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import MaxConcurrentSessionsExceeded, MaxSessionsPerCallExceeded
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus

pytestmark = pytest.mark.virtual_time


async def test_t07_a_close_on_the_owning_node_is_immediate() -> None:
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        assert await launcher.request_close_session("lunch", session.id)

        assert await until(lambda: not ledger.present) < 0.5
        assert not await launcher.request_close_session("lunch", session.id)
        assert not await launcher.request_close_session("dinner", session.id)


async def test_t07_a_close_by_another_node_takes_half_a_second(two_nodes: Nodes) -> None:
    ledger = Ledger()
    async with two_nodes(lambda: LedgerAgent(ledger), stay) as (owner, other):
        session = await owner.start_session("lunch")
        await joined(session)
        await asyncio.sleep(7)
        info = await other.get_session_info("lunch", session.id)
        assert info is not None
        assert (info.status, info.node_id) == (SessionStatus.ACTIVE, "one")
        assert [info.session_id for info in await other.list_sessions()] == [session.id]

        assert await other.request_close_session("lunch", session.id)
        assert await until(lambda: not ledger.present) < 0.5
        await until(lambda: session.finished)
        assert session.close_reason == CloseReason(Reason.REQUESTED)
        await asyncio.sleep(0.1)
        ended = await other.ended_session("lunch", session.id)
        assert ended is not None
        assert (ended.status, ended.reason) == (SessionStatus.CLOSED, Reason.REQUESTED)
        assert await other.get_session_info("lunch", session.id) is None


async def test_defect_06_a_session_counts_until_it_has_ended(two_nodes: Nodes) -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        try:
            with ledger.visit(call_id, agent.id):
                await never()
        finally:
            await asyncio.sleep(3)

    ledger = Ledger()
    limits = {"max_concurrent_sessions": 1, "max_sessions_per_call": 1}
    async with two_nodes(lambda: LedgerAgent(ledger), enter, **limits) as (one, two):
        session = await one.start_session("lunch")
        assert await one.close_session(session.id)
        assert one.get_session(session.id) is None
        assert not await one.close_session(session.id)
        info = await one.get_session_info("lunch", session.id)
        assert info is not None
        assert info.status is SessionStatus.CLOSING
        with pytest.raises(MaxConcurrentSessionsExceeded):
            await one.start_session("dinner")
        with pytest.raises(MaxSessionsPerCallExceeded):
            await two.start_session("lunch")

        await session.wait()
        await one.start_session("lunch")


async def test_a_close_that_is_waited_for_frees_both_limits_at_once(two_nodes: Nodes) -> None:
    ledger = Ledger()
    limits = {"max_concurrent_sessions": 1, "max_sessions_per_call": 1}
    async with two_nodes(lambda: LedgerAgent(ledger), stay, **limits) as (one, _):
        for _ in range(20):
            session = await one.start_session("lunch")
            await joined(session)
            assert await one.close_session(session.id, wait=True)

    assert ledger.most_at_once() == 1
    assert len(ledger.visits) == 20


async def test_defect_11_cancelling_who_waits_ends_nothing() -> None:
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await session.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await launcher.close_session(session.id, wait=True)
        await session.wait()

        assert session.close_reason == CloseReason(Reason.REQUESTED)


async def test_t08_an_entry_point_that_ignores_its_cancellation_has_left_the_call_at_once(
    two_nodes: Nodes,
) -> None:
    stubborn = Stubborn()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            await stubborn()

    ledger = Ledger()
    limits = {"max_concurrent_sessions": 1, "max_sessions_per_call": 1}
    async with two_nodes(lambda: LedgerAgent(ledger), enter, **limits) as (launcher, other):
        session = await launcher.start_session("lunch")
        await joined(session)
        began = now()
        await launcher.close_session(session.id, wait=True)
        await session.wait()

        assert ledger.visits[0].left_at is not None
        assert ledger.visits[0].left_at - began < 0.5
        assert 7.9 < now() - began < 8.2
        assert stubborn.cancels == 2
        assert launcher.zombie_sessions == 1
        for _ in range(2):
            info = await other.get_session_info("lunch", session.id)
            assert info is not None
            assert (info.status, info.reason) == (SessionStatus.CLOSING, Reason.REQUESTED)
            assert not session.finished
            with pytest.raises(MaxConcurrentSessionsExceeded):
                await launcher.start_session("dinner")
            with pytest.raises(MaxSessionsPerCallExceeded):
                await other.start_session("lunch")
            await asyncio.sleep(100)  # it is still told of in every heartbeat

        stubborn.released.set()
        await until(lambda: not launcher.zombie_sessions)
        assert session.finished
        assert launcher.active_sessions == 0
        assert await other.get_session_info("lunch", session.id) is None
        await other.start_session("lunch")
        assert ledger.closes[min(ledger.closes)] == 1


async def test_t08_a_step_that_hangs_does_not_keep_the_agent_in_the_call() -> None:
    """What is said at the end never ends: the connection is closed all the same."""
    stubborn = Stubborn()

    class Deaf(LedgerAgent):
        async def close_parts(self) -> None:
            if self.session is not None:
                await stubborn()
            await super().close_parts()

    ledger = Ledger()
    async with AgentLauncher(lambda: Deaf(ledger), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        began = now()
        await launcher.close_session(session.id, wait=True)

        assert ledger.present == []
        assert now() - began < 8.2
        assert launcher.zombie_sessions == 1
        stubborn.released.set()
        await until(lambda: not launcher.zombie_sessions)


async def test_t08_a_connection_that_hangs_when_it_is_closed_is_left_behind() -> None:
    stubborn = Stubborn()
    ledger = Ledger()

    def create_agent() -> Agent:
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, closing=stubborn))

    async with AgentLauncher(create_agent, stay, close_timeout=2) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        began = now()
        await launcher.close_session(session.id, wait=True)

        assert now() - began < 2.2
        assert launcher.zombie_sessions == 1
        assert ledger.present == ["lunch"]
        stubborn.released.set()
        await until(lambda: not launcher.zombie_sessions)
        assert ledger.present == []


async def test_t08_a_join_that_ignores_its_cancellation_leaves_when_it_comes_late() -> None:
    stubborn = Stubborn()
    ledger = Ledger()

    def create_agent() -> Agent:
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, joining=stubborn))

    async with AgentLauncher(create_agent, stay, close_timeout=2) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(1)
        await launcher.close_session(session.id, wait=True)
        assert launcher.zombie_sessions == 1

        stubborn.released.set()
        await until(lambda: not launcher.zombie_sessions)
        assert len(ledger.visits) == 1
        assert ledger.present == []


async def test_t08_stop_does_not_wait_for_zombies_and_they_count_after_it() -> None:
    stubborn = Stubborn()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        await stubborn()

    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), enter, max_concurrent_sessions=1, close_timeout=2)
    await launcher.start()
    await launcher.start_session("lunch")
    await launcher.stop()
    assert (now(), launcher.zombie_sessions) == (2.0, 1)

    async with launcher:
        with pytest.raises(MaxConcurrentSessionsExceeded):
            await launcher.start_session("dinner")
        stubborn.released.set()
        await until(lambda: not launcher.zombie_sessions)
        stubborn.released.set()
        await launcher.start_session("dinner")
