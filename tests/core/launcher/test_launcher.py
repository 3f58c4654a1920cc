"""A launcher admits, starts, finds and ends sessions, and gives every agent back."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.launcher.counted_agents import Agents, Voice
from tests.core.launcher.ledger import joined, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import (
    InvalidCallId,
    LauncherNotRunning,
    MaxConcurrentSessionsExceeded,
)
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus

pytestmark = pytest.mark.virtual_time


async def test_it_is_ready_between_start_and_stop() -> None:
    launcher = AgentLauncher(Agents(), stay)
    seen = [(launcher.warmed_up, launcher.running, launcher.ready)]

    async with launcher as entered:
        seen.append((launcher.warmed_up, launcher.running, launcher.ready))
    seen.append((launcher.warmed_up, launcher.running, launcher.ready))

    assert entered is launcher
    assert seen == [(False, False, False), (True, True, True), (True, False, False)]


async def test_it_starts_again_after_stop_and_stays_warm() -> None:
    agents = Agents()
    launcher = AgentLauncher(agents, stay)
    async with launcher:
        pass

    async with launcher:
        assert launcher.ready

    assert [voice.calls for voice in agents.voices] == [["warmup", "close"]]


async def test_concurrent_warm_ups_wait_for_the_same_one() -> None:
    agents = Agents(lambda: asyncio.sleep(3))
    launcher = AgentLauncher(agents, stay)
    ends: list[float] = []

    async def warm() -> None:
        await launcher.warmup()
        ends.append(asyncio.get_running_loop().time())

    await asyncio.gather(warm(), warm(), warm())

    assert ends == [3, 3, 3]
    assert len(agents.voices) == 1


async def test_stop_ends_every_session_and_says_why() -> None:
    agents = Agents()
    async with AgentLauncher(agents, stay) as launcher:
        sessions = [await launcher.start_session(f"call-{n}") for n in range(3)]
        for session in sessions:
            await joined(session)

    assert {session.status for session in sessions} == {SessionStatus.CLOSED}
    assert {session.close_reason for session in sessions} == {
        CloseReason(Reason.REQUESTED, "launcher_stopped")
    }
    assert agents.closes == [1, 1, 1, 1]


async def test_a_session_says_who_and_where_and_lasts_until_its_call_ends() -> None:
    gates = [asyncio.Event(), asyncio.Event()]

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        assert (call_type, call_id) == ("standup", "lunch")
        gates[0].set()
        await gates[1].wait()

    agents = Agents()
    async with AgentLauncher(agents, enter) as launcher:
        session = await launcher.start_session("lunch", "standup")
        assert gates[0].is_set()
        info = await launcher.get_session_info("lunch", session.id)
        assert launcher.get_session(session.id) is session
        assert (session.call_id, session.id, session.agent.session) == ("lunch", session.agent.id, session)
        assert session.started_at is not None
        assert info is not None
        assert info.started_at == session.started_at.timestamp()
        assert (info.status, info.node_id) == (SessionStatus.STARTING, launcher.registry.node_id)

        gates[1].set()
        await session.wait()

        assert session.finished
        assert session.close_reason == CloseReason(Reason.COMPLETED)
        assert launcher.get_session(session.id) is None
        assert await launcher.get_session_info("lunch", session.id) is None
        assert agents.closes == [1, 1]


async def test_the_status_follows_the_session() -> None:
    async with AgentLauncher(Agents(), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        info = await launcher.get_session_info("lunch", session.id)

        assert info is not None
        assert info.status is SessionStatus.ACTIVE


async def test_the_id_is_the_launchers_even_where_the_factory_made_a_session() -> None:
    made: list[str] = []

    def create_agent() -> Agent:
        agent = Agent(edge=Edge(), tts=Voice())
        made.append(AgentSession(agent).id)
        return agent

    async with AgentLauncher(create_agent, stay) as launcher:
        session = await launcher.start_session("lunch")

        assert session.id == session.agent.id
        assert session.id not in made


@pytest.mark.parametrize("call_id", ["", "Lunch", "a/b", "x" * 129, "lunch\n"])
async def test_a_bad_call_id_is_refused_before_any_user_code(call_id: str) -> None:
    agents = Agents()
    async with AgentLauncher(agents, stay) as launcher:
        with pytest.raises(InvalidCallId):
            await launcher.start_session(call_id)
        with pytest.raises(InvalidCallId):
            await launcher.start_session("lunch", call_id)

    assert len(agents.voices) == 1


async def test_a_launcher_that_does_not_run_refuses_sessions() -> None:
    launcher = AgentLauncher(Agents(), stay)
    with pytest.raises(LauncherNotRunning, match="start it first"):
        await launcher.start_session("lunch")


@pytest.mark.parametrize("wait", [True, False])
async def test_closing_a_session(wait: bool) -> None:
    agents = Agents()
    async with AgentLauncher(agents, stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)

        assert await launcher.close_session(session.id, wait=wait)
        assert launcher.get_session(session.id) is None
        assert not await launcher.close_session(session.id)
        await session.wait()

        assert session.close_reason == CloseReason(Reason.REQUESTED)
        assert agents.closes == [1, 1]
        assert not await launcher.close_session("unknown")


async def test_a_closed_entry_point_is_cancelled() -> None:
    seen: list[str] = []

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            try:
                await agent.finish()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
        seen.append("went on")

    async with AgentLauncher(Agents(), enter) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        await launcher.close_session(session.id, wait=True)

    assert seen == ["cancelled"]


async def test_cancelling_the_task_again_and_again_does_not_keep_the_agent_open() -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)

    agents = Agents()
    async with AgentLauncher(agents, enter, max_concurrent_sessions=1) as launcher:
        session = await launcher.start_session("lunch")
        assert session.task is not None
        for _ in range(3):
            session.task.cancel()
            await asyncio.sleep(0.1)
        with pytest.raises(MaxConcurrentSessionsExceeded):  # it has not truly ended yet
            await launcher.start_session("dinner")
        await session.wait()
        await launcher.start_session("dinner")

    assert session.close_reason == CloseReason(Reason.REQUESTED, "cancelled")
    assert agents.closes == [1, 1, 1]
