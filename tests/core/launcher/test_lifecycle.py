"""Starting, stopping and draining, in every order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, Stubborn, joined, never, now, stay, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import (
    ConfigurationError,
    InvalidCallId,
    LauncherDraining,
    LauncherNotRunning,
)
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


class SlowVoice(ScriptedTTS):
    """Takes its time to load."""

    def __init__(self, load: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._load = load

    async def warmup(self) -> None:
        await self._load()


def slow_launcher(ledger: Ledger, load: Callable[[], Awaitable[object]]) -> AgentLauncher:
    return AgentLauncher(lambda: LedgerAgent(ledger, tts=SlowVoice(load)), stay)


async def fate(work: Awaitable[object]) -> object:
    """Give what it raises, or None."""
    try:
        await work
    except Exception as error:  # noqa: BLE001
        return error
    return None


async def test_t10_stop_during_start_gives_the_start_up() -> None:
    ledger = Ledger()
    launcher = slow_launcher(ledger, never)
    async with asyncio.TaskGroup() as group:
        start = group.create_task(fate(launcher.start()))
        await asyncio.sleep(1)
        assert launcher.not_ready_because == "The models are not loaded yet."
        began = now()
        await asyncio.gather(launcher.stop(), launcher.stop())

        assert now() - began < 0.1
    assert isinstance(start.result(), LauncherNotRunning)
    assert not launcher.running
    assert ledger.all_closed_once
    with pytest.raises(LauncherNotRunning, match="start it first"):
        await launcher.start_session("lunch")


async def test_t10_a_start_that_was_given_up_can_be_repeated() -> None:
    ledger = Ledger()
    launcher = slow_launcher(ledger, lambda: asyncio.sleep(3))
    async with asyncio.TaskGroup() as group:
        group.create_task(fate(launcher.start()))
        await asyncio.sleep(1)
        await launcher.stop()

    async with launcher:
        assert launcher.ready
        assert launcher.not_ready_because == ""


async def test_t10_a_cancelled_start_leaves_nothing() -> None:
    ledger = Ledger()
    launcher = slow_launcher(ledger, lambda: asyncio.sleep(3))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await launcher.start()

    assert (launcher.running, launcher.warmed_up) == (False, False)
    assert ledger.all_closed_once
    async with launcher:
        assert launcher.ready


async def test_t10_double_start_is_refused_at_once() -> None:
    ledger = Ledger()
    launcher = slow_launcher(ledger, lambda: asyncio.sleep(3))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(fate(launcher.start()))
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="already starting"):
            await launcher.start()
        assert now() == 1
    assert first.result() is None
    with pytest.raises(RuntimeError, match="already running"):
        await launcher.start()
    await launcher.stop()
    await launcher.stop()

    assert not launcher.running


async def test_t10_start_during_stop_waits_for_its_end() -> None:
    async def slow_to_leave(agent: Agent, call_type: str, call_id: str) -> None:
        try:
            await never()
        finally:
            await asyncio.sleep(2)

    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), slow_to_leave)
    await launcher.start()
    session = await launcher.start_session("lunch")
    async with asyncio.TaskGroup() as group:
        group.create_task(launcher.stop())
        await asyncio.sleep(1)
        await launcher.start()

        assert session.finished
        assert launcher.ready
    await launcher.stop()


async def test_t10_a_stop_that_was_cancelled_can_be_repeated() -> None:
    stubborn = Stubborn()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        await stubborn()

    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), enter, close_timeout=4)
    await launcher.start()
    await launcher.start_session("lunch")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await launcher.stop()
    assert not launcher.running
    with pytest.raises(LauncherNotRunning):
        await launcher.start_session("dinner")

    stubborn.released.set()
    await launcher.stop()
    assert launcher.active_sessions == 0
    async with launcher:
        assert launcher.ready


async def test_t10_stop_twice_at_once_waits_for_the_same_end() -> None:
    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), stay)
    await launcher.start()
    sessions = [await launcher.start_session(f"call-{n}") for n in range(3)]
    for session in sessions:
        await joined(session)

    await asyncio.gather(launcher.stop(), launcher.stop())

    assert ledger.present == []
    assert all(session.finished for session in sessions)


@pytest.mark.parametrize("at", [0.0, 0.5, 1.0, 1.0001, 1.5])
async def test_defect_10_a_session_begun_during_stop_never_survives(at: float) -> None:
    """The start takes a second; stop comes before, during and after it."""
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            await asyncio.sleep(1)
        return LedgerAgent(ledger)

    launcher = AgentLauncher(create_agent, stay)
    await launcher.start()
    async with asyncio.TaskGroup() as group:
        starts = [group.create_task(fate(launcher.start_session(f"call-{n}"))) for n in range(10)]
        await asyncio.sleep(at)
        stop = group.create_task(launcher.stop())
        late = group.create_task(fate(launcher.start_session("late")))
    await stop
    await asyncio.sleep(10)

    assert ledger.present == []
    assert ledger.all_closed_once
    assert launcher.active_sessions == 0
    assert {type(start.result()) for start in (*starts, late)} <= {LauncherNotRunning, type(None)}
    assert isinstance(late.result(), LauncherNotRunning) or at == 0.0


async def test_t30_drain_admits_nobody_waits_and_then_stops() -> None:
    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), stay)
    await launcher.start()
    short, long = [await launcher.start_session(name) for name in ("short", "long")]
    await joined(long)
    async with asyncio.TaskGroup() as group:
        drain = group.create_task(launcher.drain(18))
        await asyncio.sleep(0.05)

        assert launcher.draining
        assert launcher.running
        assert launcher.not_ready_because == "The launcher is draining."
        with pytest.raises(LauncherDraining, match="another node"):
            await launcher.start_session("dinner")
        await asyncio.sleep(5)
        await short.close(Reason.HANGUP)
        await asyncio.sleep(5)
        assert ledger.present == ["long"]
        assert await launcher.get_session_info("long", long.id) is not None
        took = await until(drain.done)

    assert 7 <= took <= 8.1  # 18 s in all, and the session's own closing
    assert (short.close_reason, long.close_reason) == (
        CloseReason(Reason.HANGUP),
        CloseReason(Reason.DRAINED),
    )
    assert (launcher.running, launcher.draining) == (False, False)
    assert ledger.present == []
    assert await launcher.registry.list_sessions() == []
    async with launcher:
        assert launcher.ready


async def test_t30_drain_ends_with_the_last_session() -> None:
    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), stay)
    await launcher.start()
    session = await launcher.start_session("lunch")
    async with asyncio.TaskGroup() as group:
        drain = group.create_task(launcher.drain(3600))
        await asyncio.sleep(5)
        await session.close(Reason.HANGUP)

        assert await until(drain.done) < 0.1
    assert session.close_reason == CloseReason(Reason.HANGUP)


async def test_t30_stop_ends_a_drain_at_once() -> None:
    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), stay)
    await launcher.start()
    session = await launcher.start_session("lunch")
    async with asyncio.TaskGroup() as group:
        drain = group.create_task(launcher.drain(3600))
        await asyncio.sleep(5)
        await launcher.stop()
        assert await until(drain.done) < 0.1

    assert now() < 5.2
    assert session.close_reason == CloseReason(Reason.REQUESTED, "launcher_stopped")


async def test_t30_draining_for_no_time_or_what_does_not_run() -> None:
    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), stay)
    await launcher.drain(10)
    await launcher.start()
    session = await launcher.start_session("lunch")
    await launcher.drain(0)

    assert session.close_reason == CloseReason(Reason.DRAINED)
    assert now() < 0.2
    with pytest.raises(ValueError, match="timeout must be >= 0"):
        await launcher.drain(-1)


async def test_t30_drain_is_bounded_whatever_sessions_do() -> None:
    stubborn = Stubborn()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            await stubborn()

    ledger = Ledger()
    launcher = AgentLauncher(lambda: LedgerAgent(ledger), enter)
    await launcher.start()
    session = await launcher.start_session("lunch")
    await joined(session)
    began = now()
    await launcher.drain(18)

    assert now() - began <= 18 + 8 + 0.1
    assert ledger.present == []
    assert (launcher.running, launcher.zombie_sessions) == (False, 1)
    stubborn.released.set()
    await until(lambda: launcher.zombie_sessions == 0)
    assert launcher.active_sessions == 0


@pytest.mark.parametrize("drain_for", [0.0, 0.5, 30.0])
async def test_t32_starts_in_flight_complete_and_drain_or_are_refused(drain_for: float) -> None:
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            await asyncio.sleep(1)
        return LedgerAgent(ledger)

    async def talk(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            await asyncio.sleep(10)

    launcher = AgentLauncher(create_agent, talk)
    await launcher.start()
    async with asyncio.TaskGroup() as group:
        starts = [group.create_task(_outcome(launcher, f"call-{n}")) for n in range(10)]
        await asyncio.sleep(0.1)
        await launcher.drain(drain_for)
    outcomes = [start.result() for start in starts]

    if drain_for == 30.0:
        assert {type(outcome) for outcome in outcomes} == {AgentSession}
        reasons = {o.close_reason for o in outcomes if isinstance(o, AgentSession)}
        assert reasons == {CloseReason(Reason.COMPLETED)}
        assert len(ledger.visits) == 10
    else:
        assert {type(outcome) for outcome in outcomes} == {LauncherDraining}
        assert ledger.visits == []
    assert ledger.present == []
    assert ledger.all_closed_once
    assert launcher.active_sessions == 0


async def test_sessions_are_counted() -> None:
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        sessions = [await launcher.start_session("lunch") for _ in range(3)]
        await launcher.close_session(sessions[0].id, wait=True)

        assert (launcher.active_sessions, launcher.total_sessions_started) == (2, 3)
        assert {info.session_id for info in await launcher.list_sessions("lunch")} == {
            session.id for session in sessions[1:]
        }
        assert await launcher.list_sessions("dinner") == []
        assert len(await launcher.list_sessions()) == 2


async def test_a_given_session_id_is_used_once() -> None:
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        session = await launcher.start_session("lunch", session_id="mine")
        with pytest.raises(ConfigurationError, match="already has a session mine"):
            await launcher.start_session("lunch", session_id="mine")

        assert (session.id, session.agent.id) == ("mine", "mine")


async def test_a_wider_pattern_of_call_ids_reaches_the_agent() -> None:
    ledger = Ledger()
    async with AgentLauncher(
        lambda: LedgerAgent(ledger), stay, call_id_pattern=r"[+0-9]+@[a-z.]+"
    ) as launcher:
        session = await launcher.start_session("+491@sip.example")
        await joined(session)
        with pytest.raises(InvalidCallId):
            await launcher.start_session("lunch")

        assert session.status is SessionStatus.ACTIVE
        assert ledger.present == ["+491@sip.example"]


async def _outcome(launcher: AgentLauncher, call_id: str) -> AgentSession | Exception:
    try:
        return await launcher.start_session(call_id)
    except LauncherNotRunning as error:
        return error
