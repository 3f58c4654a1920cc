"""A start is admitted, bounded, independent of the others, and leaves nothing where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

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
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import (
    MaxConcurrentSessionsExceeded,
    MaxSessionsPerCallExceeded,
    RegistryUnavailable,
    SessionClosed,
    StartTimeout,
)
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.status import Reason, SessionStatus

pytestmark = pytest.mark.virtual_time


class Factory:
    """Makes agents for the ledger; the warm-up's at once, the others after `pause`."""

    def __init__(self, ledger: Ledger, pause: Callable[[], Awaitable[object]] | None = None) -> None:
        self._ledger = ledger
        self._pause = pause

    async def __call__(self) -> Agent:
        if self._ledger.made and self._pause is not None:
            await self._pause()
        return LedgerAgent(self._ledger)


async def outcomes(starts: Sequence[Awaitable[AgentSession]]) -> list[AgentSession | BaseException]:
    return await asyncio.gather(*starts, return_exceptions=True)


def count(results: list[AgentSession | BaseException], kind: type[object]) -> int:
    return sum(isinstance(result, kind) for result in results)


async def test_t01_200_starts_at_once_admit_exactly_as_many_as_allowed() -> None:
    ledger = Ledger()
    factory = Factory(ledger, lambda: asyncio.sleep(0.2))
    async with AgentLauncher(factory, stay, max_concurrent_sessions=10) as launcher:
        for _ in range(2):
            results = await outcomes([launcher.start_session(f"call-{n}") for n in range(200)])
            sessions = [result for result in results if isinstance(result, AgentSession)]
            for session in sessions:
                await joined(session)

            assert (len(sessions), count(results, MaxConcurrentSessionsExceeded)) == (10, 190)
            assert len(ledger.present) == 10
            await asyncio.gather(*(launcher.close_session(session.id, wait=True) for session in sessions))
    assert ledger.most_at_once() == 10
    assert ledger.all_closed_once


@pytest.mark.parametrize(("limit", "posts"), [(1, 4), (3, 12)])
async def test_t02_two_nodes_never_pass_the_limit_of_a_call(two_nodes: Nodes, limit: int, posts: int) -> None:
    ledger = Ledger()
    factory = Factory(ledger, lambda: asyncio.sleep(0.2))
    async with two_nodes(factory, stay, max_sessions_per_call=limit) as nodes:
        starts = [nodes[n % 2].start_session(f"call-{c}") for n in range(posts) for c in range(20)]
        results = await outcomes(starts)
        for result in results:
            if isinstance(result, AgentSession):
                await joined(result)

        assert count(results, AgentSession) == 20 * limit
        assert count(results, MaxSessionsPerCallExceeded) == 20 * (posts - limit)
        assert all(ledger.most_at_once(f"call-{c}") == limit for c in range(20))
    assert ledger.present == []


async def test_t03_building_is_bounded_and_its_slot_is_free_at_once() -> None:
    ledger = Ledger()
    slow = Factory(ledger, never)
    async with AgentLauncher(slow, stay, max_concurrent_sessions=1, max_sessions_per_call=1) as launcher:
        began = now()
        with pytest.raises(StartTimeout, match="not built within 30 s"):
            await launcher.start_session("lunch", session_id="one")

        assert now() - began == 30
        assert launcher.active_sessions == 0
        ended = await launcher.ended_session("lunch", "one")
        assert ended is not None
        assert (ended.status, ended.reason) == (SessionStatus.FAILED, Reason.START_TIMEOUT)
    assert ledger.all_closed_once


async def test_t03_a_build_that_does_not_let_itself_be_cancelled_does_not_hold_up_its_caller() -> None:
    ledger = Ledger()
    stubborn = Stubborn()
    async with AgentLauncher(Factory(ledger, stubborn), stay, max_concurrent_sessions=1) as launcher:
        began = now()
        with pytest.raises(StartTimeout):
            await launcher.start_session("lunch")
        assert now() - began <= 30.5
        with pytest.raises(MaxConcurrentSessionsExceeded):  # it still costs what it costs
            await launcher.start_session("dinner")
        await until(lambda: launcher.zombie_sessions == 1)

        stubborn.released.set()
        await until(lambda: launcher.active_sessions == 0)
    assert ledger.all_closed_once  # the agent that came late was closed too
    assert ledger.visits == []


async def test_t03_joining_is_bounded_and_the_agent_closed() -> None:
    ledger = Ledger()

    def create_agent() -> Agent:
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, joining=never))

    async with AgentLauncher(create_agent, stay, start_timeout=5) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(Exception, match="not joined within 5 s"):
            await session.wait()

        assert now() == pytest.approx(5, abs=0.5)
        ended = await launcher.ended_session("lunch", session.id)
        assert ended is not None
        assert (ended.status, ended.reason) == (SessionStatus.FAILED, Reason.JOIN_TIMEOUT)
    assert ledger.all_closed_once


async def test_t04_a_hanging_build_delays_no_other_start() -> None:
    ledger = Ledger()
    hang = [True]

    async def create_agent() -> Agent:
        if ledger.made and hang:
            hang.pop()
            await never()
        return LedgerAgent(ledger)

    async with AgentLauncher(create_agent, stay) as launcher, asyncio.TaskGroup() as group:
        stuck = group.create_task(launcher.start_session("stuck"))
        await asyncio.sleep(0.1)
        began = now()
        await launcher.start_session("lunch")
        assert now() - began < 0.1
        stuck.cancel()


async def test_defect_08_agents_are_built_side_by_side() -> None:
    ledger = Ledger()
    async with AgentLauncher(Factory(ledger, lambda: asyncio.sleep(1)), stay) as launcher:
        began = now()
        results = await outcomes([launcher.start_session(f"call-{n}") for n in range(8)])

        assert count(results, AgentSession) == 8
        assert now() - began < 2


class Burnt(Exception):
    """What the user's own code raises."""


async def test_t05_an_error_of_create_agent_reaches_the_caller_as_it_is() -> None:
    ledger = Ledger()
    error = Burnt("the pan")

    def create_agent() -> Agent:
        if ledger.made:
            raise error
        return LedgerAgent(ledger)

    async with AgentLauncher(create_agent, stay) as launcher:
        with pytest.raises(Burnt) as caught:
            await launcher.start_session("lunch", session_id="one")
        assert caught.value is error
        assert await launcher.get_session_info("lunch", "one") is None
        ended = await launcher.ended_session("lunch", "one")
        assert ended is not None
        assert (ended.status, ended.reason, ended.detail) == (SessionStatus.FAILED, Reason.ERROR, "Burnt")

        await asyncio.sleep(61)
        assert await launcher.ended_session("lunch", "one") is None


@pytest.mark.parametrize("in_call", [True, False])
async def test_t05_an_error_of_join_call_closes_the_agent_once(in_call: bool) -> None:
    ledger = Ledger()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        if not in_call:
            raise Burnt
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            raise Burnt

    async with AgentLauncher(Factory(ledger), enter) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(Burnt):
            await session.wait()
        ended = await launcher.ended_session("lunch", session.id)

        assert ended is not None
        assert (ended.status, ended.reason) == (SessionStatus.FAILED, Reason.ERROR)
        assert ended.node_id == launcher.registry.node_id
    assert ledger.all_closed_once
    assert ledger.present == []


async def test_t05_an_agent_whose_closing_fails_was_closed_once_and_frees_its_slot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Leaky(LedgerAgent):
        async def close(self) -> None:
            await super().close()
            if ledger.made > 1:
                raise Burnt("key sk-secret")

    ledger = Ledger()
    async with AgentLauncher(lambda: Leaky(ledger), stay, max_concurrent_sessions=1) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        await launcher.close_session(session.id, wait=True)
        await launcher.start_session("lunch")
    assert ledger.all_closed_once
    assert "sk-secret" not in caplog.text


@pytest.mark.parametrize("after", [0.05, 0.25, 0.5, 1.0])
async def test_t06_a_start_that_is_given_up_leaves_nothing(after: float) -> None:
    """The claim takes 0.1 s, building 0.3 s, joining 0.3 s: the caller goes away in each phase."""
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            await asyncio.sleep(0.3)
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, joining=lambda: asyncio.sleep(0.3)))

    registry = SlowClaims()
    async with AgentLauncher(
        create_agent, stay, registry=registry, max_concurrent_sessions=1, max_sessions_per_call=1
    ) as launcher:
        start = asyncio.get_running_loop().create_task(launcher.start_session("lunch"))
        await asyncio.sleep(after)
        start.cancel()
        await asyncio.wait([start])
        if not start.cancelled():  # it had begun: then whoever asked has the session
            await launcher.close_session(start.result().id)
        await asyncio.sleep(2)

        assert ledger.present == []
        assert ledger.all_closed_once
        assert await registry.get_for_call("lunch") == []
        await launcher.start_session("lunch")


class SlowClaims(SessionRegistry):
    """Takes its time to answer."""

    async def claim(self, info: SessionInfo, *, max_per_call: int | None = None) -> None:
        await asyncio.sleep(0.1)
        await super().claim(info, max_per_call=max_per_call)


async def test_defect_03_an_agent_is_closed_whatever_became_of_its_join_call() -> None:
    ledger = Ledger()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        if call_id == "fails":
            raise Burnt
        if call_id == "hangs":
            await never()

    async with AgentLauncher(Factory(ledger), enter) as launcher:
        for how in ("returns", "fails", "hangs"):
            session = await launcher.start_session(how)
            if how == "hangs":
                await launcher.close_session(session.id)
            await asyncio.wait([session.task] if session.task else [])

        assert ledger.made == 4
        assert len(ledger.closes) == 4
    assert ledger.all_closed_once


class RefusingRegistry(SessionRegistry):
    """Cannot be reached when a session starts."""

    async def claim(self, info: SessionInfo, *, max_per_call: int | None = None) -> None:
        raise RegistryUnavailable("No registry.", retry_after=5)


async def test_defect_04_a_registry_that_refuses_is_the_cause_that_is_told() -> None:
    ledger = Ledger()
    async with AgentLauncher(Factory(ledger), stay, registry=RefusingRegistry()) as launcher:
        with pytest.raises(RegistryUnavailable, match="No registry"):
            await launcher.start_session("lunch")

        assert launcher.active_sessions == 0
    assert ledger.made == 1  # nothing is built for a session that was not let in


async def test_a_session_closed_while_it_starts_is_refused_as_closed() -> None:
    ledger = Ledger()
    async with AgentLauncher(Factory(ledger, lambda: asyncio.sleep(5)), stay) as launcher:
        async with asyncio.TaskGroup() as group:
            start = group.create_task(outcomes([launcher.start_session("lunch", session_id="one")]))
            await asyncio.sleep(1)
            info = await launcher.get_session_info("lunch", "one")
            assert info is not None
            assert info.status is SessionStatus.STARTING
            assert await launcher.request_close_session("lunch", "one")
        assert now() < 1.5
    assert isinstance(start.result()[0], SessionClosed)
    assert ledger.all_closed_once
