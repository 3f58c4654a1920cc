"""The job around a session: connecting, waiting, running until the end."""

import asyncio
from typing import Any, cast

import pytest
from tests.core.agents.scene_parts import meanwhile, now
from tests.core.agents.session.hooked import Hooked

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.job_context import JobContext, get_current_job_context
from vision_agents.core.agents.room_options import RoomOptions
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.people import User
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus
from vision_agents.testing import SimulatedCaller

pytestmark = pytest.mark.virtual_time


async def greet(session: AgentSession) -> None:
    await session.say("Hello.")


async def test_start_runs_until_shutdown_and_the_job_ends_with_it() -> None:
    agent, done = Hooked(on_enter=greet), list[str]()

    async def note() -> None:
        done.append(f"async {agent.exited}")

    with JobContext(room_options=RoomOptions(room_id="desk", name="Acme")).current() as job:
        session = AgentSession(agent)
        assert get_current_job_context() is job
        assert (job.session, job.room) == (session, None)
        job.add_shutdown_callback(note)
        job.add_shutdown_callback(lambda: done.append("sync"))
        job.add_shutdown_callback(lambda: 1 / 0)
        running = meanwhile(session.start(wait_for_participant=True, run_until_shutdown=True))
    await asyncio.sleep(3)
    assert agent.entered == 0
    async with SimulatedCaller(agent.loopback) as caller:
        await caller.hears("hello")
        assert (session.call_id, agent.agent_user.name) == ("desk", "Acme")
        assert job.room is session.connection
        assert not running.done()
        await job.shutdown("shift is over")
    await running
    assert session.close_reason == CloseReason(Reason.REQUESTED, "shift is over")
    assert sorted(done) == ["async 1", "sync"]
    assert get_current_job_context() is None


async def test_connecting_first_keeps_the_session_configurable() -> None:
    agent = Hooked(on_enter=greet)
    job = JobContext(call_id="desk", session=AgentSession(agent))
    await job.connect()
    await job.connect()
    assert job.room is not None
    assert not AgentSession(agent, wake_up=9).started
    met, _ = await asyncio.gather(job.wait_for_participant(), _comes_in(agent, after=2))
    assert met is not None
    assert met.user_id == "late"
    assert now() == pytest.approx(2)
    assert agent.entered == 0
    await AgentSession(agent).start()
    assert agent.entered == 1
    await agent.close()


async def _comes_in(agent: Hooked, *, after: float) -> None:
    await asyncio.sleep(after)
    agent.loopback.join_as(User(id="late"), "desk")


async def test_a_job_that_only_connected_leaves_the_call() -> None:
    agent = Hooked()
    job = JobContext(call_id="desk", session=AgentSession(agent))
    waiting = meanwhile(job.wait_for_participant())
    await asyncio.sleep(2)
    await job.shutdown()
    assert await waiting is None
    assert job.session is not None
    assert job.session.state is SessionStatus.CLOSED
    assert (agent.entered, agent.exited) == (0, 0)


@pytest.mark.parametrize(("met", "ends"), [(False, 90), (True, 20 + 5)], ids=["nobody came", "all have left"])
async def test_an_agent_alone_leaves_where_no_launcher_decides(met: bool, ends: float) -> None:
    agent = Hooked()
    with JobContext(call_id="desk").current():
        session = AgentSession(agent)
        running = meanwhile(session.start(run_until_shutdown=True))
    if met:
        await asyncio.sleep(10)
        peer = agent.loopback.join_as(User(id="caller"), "desk")
        await asyncio.sleep(10)
        peer.leave()
    await running
    assert now() == pytest.approx(ends)
    assert session.close_reason is not None
    assert session.close_reason.reason is Reason.IDLE_TIMEOUT


async def test_defect_03_a_failure_inside_of_the_job_is_raised_and_nothing_starts_again() -> None:
    async def fails(session: AgentSession) -> None:
        raise ConnectionError("no line")

    agent = Hooked(on_enter=fails)
    with JobContext(call_id="desk").current():
        session = AgentSession(agent)
        with pytest.raises(ConnectionError, match="no line"):
            await session.start(run_until_shutdown=True)
    assert agent.entered == 1
    assert session.state is SessionStatus.FAILED


async def test_without_a_job_it_warns_and_starts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = AgentSession(Hooked(), call_id="desk")
    await session.start(run_until_shutdown=True)
    assert session.state is SessionStatus.ACTIVE
    assert [r.levelname for r in caplog.records if "no job" in r.message] == ["WARNING"]
    await session.agent.close()


async def test_the_launcher_gives_each_session_its_job() -> None:
    jobs: list[JobContext] = []

    async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
        job = get_current_job_context()
        assert job is not None
        jobs.append(job)
        session = AgentSession(agent, wake_up=12)
        assert job.session is session is agent.session
        await session.start(run_until_shutdown=True)

    launcher = AgentLauncher(lambda: Hooked(on_enter=greet), join_call, agent_idle_timeout=500)
    async with launcher:
        one, two = await asyncio.gather(launcher.start_session("a"), launcher.start_session("b"))
        await asyncio.sleep(120)
        assert [(job.call_id, job.call_type) for job in jobs] == [("a", "default"), ("b", "default")]
        assert [job.session for job in jobs] == [one, two]
        assert one.state is SessionStatus.ACTIVE  # the launcher decides how long it may be alone
        await launcher.close_session(one.id, wait=True)
        assert one.state is SessionStatus.CLOSED
        assert isinstance(one.agent, Hooked)
        assert (one.agent.entered, one.agent.exited) == (1, 1)
        assert two.state is SessionStatus.ACTIVE


class TestRoomOptions:
    @pytest.mark.parametrize("field", ["recording"])
    async def test_what_would_do_nothing_is_refused(self, field: str) -> None:
        with pytest.raises(ConfigurationError, match=field):
            RoomOptions(**cast("Any", {field: True}))
        with pytest.raises(ConfigurationError, match="edge"):
            RoomOptions(auth_token="secret")

    async def test_vision_is_taken(self) -> None:
        assert RoomOptions(vision=True).vision

    async def test_times_must_be_times(self) -> None:
        with pytest.raises(ValueError, match="session_timeout_seconds"):
            RoomOptions(session_timeout_seconds=0)

    async def test_a_job_without_a_session_says_what_to_do(self) -> None:
        with pytest.raises(ConfigurationError, match="AgentSession"):
            await JobContext().connect()
