"""Sessions that are idle, too old or asked to close are ended; a failure stops only itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher, JoinCall
from vision_agents.core.launcher.registry.registry import Heartbeat, SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.people import User
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


def create_agent() -> Agent:
    return Agent(edge=Edge(), tts=ScriptedTTS())


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        await agent.finish()


async def never_join(agent: Agent, call_type: str, call_id: str) -> None:
    await asyncio.Event().wait()


def now() -> float:
    return asyncio.get_running_loop().time()


async def end_of(session: AgentSession) -> tuple[Reason, float]:
    async with asyncio.timeout(1000):
        await session.wait()
    assert session.close_reason is not None
    return session.close_reason.reason, now()


async def test_an_agent_alone_for_too_long_is_closed() -> None:
    async with AgentLauncher(create_agent, stay, agent_idle_timeout=60, maintenance_interval=5) as launcher:
        session = await launcher.start_session("lunch")
        reason, at = await end_of(session)

    assert reason is Reason.IDLE_TIMEOUT
    assert 60 <= at <= 65.1


async def test_company_keeps_an_agent_and_0_means_for_ever() -> None:
    edge = Edge()
    edges = [Edge(), edge, Edge()]

    def create() -> Agent:
        return Agent(edge=edges.pop(0), tts=ScriptedTTS())

    async with AgentLauncher(create, stay, agent_idle_timeout=10, maintenance_interval=1) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(5)
        guest = edge.join_as(User(id="ann"))
        await asyncio.sleep(100)
        assert session.status is SessionStatus.ACTIVE
        guest.leave()
        left = now()
        reason, at = await end_of(session)
    async with AgentLauncher(create_agent, stay, agent_idle_timeout=0) as patient:
        alone = await patient.start_session("lunch")
        await asyncio.sleep(1000)
        assert alone.status is SessionStatus.ACTIVE

    assert reason is Reason.IDLE_TIMEOUT
    assert 10 <= at - left <= 11.1


@pytest.mark.parametrize("enter", [stay, never_join])
async def test_no_session_lasts_longer_than_allowed(enter: JoinCall) -> None:
    async with AgentLauncher(
        create_agent, enter, agent_idle_timeout=0, max_session_duration_seconds=20, maintenance_interval=1
    ) as launcher:
        session = await launcher.start_session("lunch")
        reason, at = await end_of(session)

    assert reason is Reason.MAX_DURATION
    assert 20 <= at <= 21.1


async def test_a_session_that_cannot_be_checked_stops_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Agent):
        def idle_for(self) -> float:
            raise ZeroDivisionError

    agents = [create_agent(), Broken(edge=Edge(), tts=ScriptedTTS()), create_agent()]
    async with AgentLauncher(lambda: agents.pop(0), stay, agent_idle_timeout=10) as launcher:
        broken = await launcher.start_session("lunch")
        session = await launcher.start_session("lunch")
        reason, _ = await end_of(session)

        assert reason is Reason.IDLE_TIMEOUT
        assert broken.status is SessionStatus.ACTIVE
    assert "A session could not be checked" in caplog.text


class FlakyRegistry(SessionRegistry):
    """Works for the launcher, but not for its maintenance."""

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        raise ConnectionError("no registry")


async def test_a_registry_that_fails_does_not_keep_sessions_from_expiring() -> None:
    async with AgentLauncher(create_agent, stay, agent_idle_timeout=10, registry=FlakyRegistry()) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(7)
        reason, _ = await end_of(session)

    assert reason is Reason.IDLE_TIMEOUT


async def test_a_session_of_this_node_is_closed_at_once_on_request() -> None:
    async with AgentLauncher(create_agent, stay) as launcher:
        session = await launcher.start_session("lunch")
        await launcher.request_close_session("dinner", session.id)  # not this session
        await asyncio.sleep(20)
        assert session.status is SessionStatus.ACTIVE

        asked = now()
        await launcher.request_close_session("lunch", session.id)
        reason, at = await end_of(session)

    assert reason is Reason.REQUESTED
    assert at - asked < 0.1


async def test_a_session_of_another_node_is_closed_within_a_cycle() -> None:
    registry = SessionRegistry()
    async with (
        AgentLauncher(create_agent, stay, registry=registry, maintenance_interval=5) as owner,
        AgentLauncher(create_agent, stay, registry=registry) as other,
    ):
        session = await owner.start_session("lunch")
        await asyncio.sleep(6)
        info = await other.get_session_info("lunch", session.id)
        assert info is not None
        assert info.status is SessionStatus.ACTIVE

        asked = now()
        await other.request_close_session("lunch", session.id)
        reason, at = await end_of(session)

        assert reason is Reason.REQUESTED
        assert at - asked <= 5.1
        assert await other.get_session_info("lunch", session.id) is None


class SlowRegistry(SessionRegistry):
    """Takes its time to remove a session."""

    async def release(self, info: SessionInfo) -> None:
        await super().release(info)
        await asyncio.sleep(1)


async def test_an_ended_session_does_not_come_back_to_the_registry() -> None:
    registry = SlowRegistry()
    async with AgentLauncher(create_agent, stay, registry=registry, maintenance_interval=0.1) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(1)
        await launcher.close_session(session.id, wait=True)

        assert await registry.get_for_call("lunch") == []
