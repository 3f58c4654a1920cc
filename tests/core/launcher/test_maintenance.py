"""Each duty goes on whatever becomes of the others, of the registry and of single sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from typing import Any

import pytest
from tests.core.launcher.conftest import Nodes
from tests.core.launcher.ledger import Ledger, LedgerAgent, LedgerEdge, joined, never, now, stay, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.duty import Duty
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import Close, Command
from vision_agents.core.launcher.registry.registry import Heartbeat, SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.types.people import User
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


async def end_of(session: AgentSession) -> tuple[Reason, float]:
    async with asyncio.timeout(1000):
        await session.wait()
    assert session.close_reason is not None
    return session.close_reason.reason, now()


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
    async with AgentLauncher(
        lambda: Agent(edge=Edge(), tts=ScriptedTTS()), stay, agent_idle_timeout=0
    ) as patient:
        alone = await patient.start_session("lunch")
        await asyncio.sleep(1000)
        assert alone.status is SessionStatus.ACTIVE

    assert reason is Reason.IDLE_TIMEOUT
    assert 10 <= at - left <= 11.1


class Unwell(LedgerAgent):
    """Cannot be asked how long it has been alone."""

    def idle_for(self) -> float:
        if self.session is not None and self.session.started:
            raise ZeroDivisionError("key sk-secret")
        return 0.0


async def test_defect_05_a_session_that_cannot_be_checked_stops_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = Ledger()
    kinds = [LedgerAgent, Unwell, LedgerAgent]
    async with AgentLauncher(lambda: kinds.pop(0)(ledger), stay, max_session_duration_seconds=60) as launcher:
        broken = await launcher.start_session("broken")
        session = await launcher.start_session("lunch")
        await joined(session)
        _alone(session)
        _, at = await end_of(session)

        assert at <= 65.5
        reason, at = await end_of(broken)  # what does not depend on the agent still counts
        assert (reason, at <= 65.5) == (Reason.MAX_DURATION, True)
    told = [record for record in caplog.records if record.getMessage() == "A session could not be checked"]
    assert [vars(record)["session_id"] for record in told] == [broken.id]
    assert "sk-secret" not in caplog.text


def _alone(session: AgentSession) -> None:
    edge = session.agent.edge
    assert isinstance(edge, LedgerEdge)
    edge.connections[0].idle_from = now()


class BrokenRegistry(SessionRegistry):
    """Works when a session starts and ends, and fails in some way in between."""

    def __init__(self, how: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.how = how

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        await self._break()
        return await super().heartbeat(infos)

    async def commands(self) -> AsyncGenerator[Command]:
        await self._break()
        async for command in super().commands():
            yield command

    async def _break(self) -> None:
        if self.how == "fails":
            raise ConnectionError("redis://:sk-secret@store")
        if self.how == "hangs":
            await never()
        if self.how == "is cancelled inside":
            raise asyncio.CancelledError


@pytest.mark.parametrize("how", ["fails", "hangs", "is cancelled inside"])
async def test_t11_a_registry_in_trouble_delays_no_expiry_and_nobody_is_unready(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    registry = BrokenRegistry(how)
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay, registry=registry) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        await asyncio.sleep(100)
        assert launcher.ready
        _alone(session)
        began = now()
        reason, at = await end_of(session)

        assert (reason, 60 <= at - began <= 65.5) == (Reason.IDLE_TIMEOUT, True)
        registry.how = ""
        await asyncio.sleep(15)
        fine = await launcher.start_session("lunch")
        assert await registry.request_close("lunch", fine.id)
        assert await until(lambda: fine.finished) < (5.5 if how == "hangs" else 0.5)
    lines = [record for record in caplog.records if "maintenance duty" in record.getMessage()]
    assert 1 <= len(lines) <= 4
    assert "sk-secret" not in caplog.text


async def test_t11_a_session_that_hangs_when_it_is_closed_delays_no_other() -> None:
    ledger = Ledger()
    hang = asyncio.Event()

    def create_agent() -> Agent:
        closing = hang.wait if ledger.made == 1 else None
        return LedgerAgent(ledger, edge=LedgerEdge(ledger, closing=closing))

    async with AgentLauncher(create_agent, stay, max_session_duration_seconds=10) as launcher:
        hanging, other = [await launcher.start_session(name) for name in ("hanging", "other")]
        await joined(other)
        _, at = await end_of(other)
        assert at <= 15.5
        await end_of(hanging)
        hang.set()
        await until(lambda: not launcher.active_sessions)


async def test_t11_a_duty_that_is_stuck_makes_the_node_unready() -> None:
    """A loop that was blocked is late for a moment; a duty that is gone stays late."""
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay) as launcher:
        await asyncio.sleep(21)
        assert launcher.ready
        [expiry] = [task for task in asyncio.all_tasks() if task.get_name() == "maintenance:expiry"]
        expiry.cancel()
        await asyncio.sleep(13)
        assert launcher.ready
        await asyncio.sleep(2)

        assert not launcher.ready
        assert "'expiry' has not been done for 16 s" in launcher.not_ready_because


async def test_t11_a_duty_keeps_its_pace_and_works_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "vision_agents")
    begins: list[float] = []

    async def work() -> None:
        begins.append(now())
        if len(begins) == 2:
            raise ConnectionError
        if len(begins) == 3:
            await never()
        await asyncio.sleep(1)

    duty = Duty("cooking", work, every=5, limit=7)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(duty.run())
        await asyncio.sleep(24)
        task.cancel()

    assert begins == [0, 5, 10, 17.5, 22.5]
    assert [(r.levelname, vars(r).get("error")) for r in caplog.records] == [
        ("WARNING", "ConnectionError"),
        ("WARNING", "TimeoutError"),
        ("DEBUG", None),
    ]


async def test_t11_a_heartbeat_that_failed_is_repeated_soon() -> None:
    begins: list[float] = []

    async def work() -> None:
        begins.append(now())
        if 10 <= now() < 13:
            raise ConnectionError

    duty = Duty("heartbeat", work, every=10, retry=1)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(duty.run())
        await asyncio.sleep(24)
        task.cancel()

    assert begins == [0, 10, 11, 12, 13, 23]


async def test_t11_a_session_whose_metrics_fail_keeps_no_other_from_being_told_of(
    two_nodes: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    class Unmeasured(MetricsCollector):
        def numbers(self) -> dict[str, int | float | None]:
            raise ZeroDivisionError("key sk-secret")

    def create_agent() -> Agent:
        agent = LedgerAgent(ledger)
        if ledger.made == 3:
            agent.metrics_collector = Unmeasured()
        return agent

    ledger = Ledger()
    async with two_nodes(create_agent, stay) as (owner, other):
        broken = await owner.start_session("broken")
        fine = await owner.start_session("lunch")
        await asyncio.sleep(40)

        for session, call_id in ((broken, "broken"), (fine, "lunch")):
            info = await other.get_session_info(call_id, session.id)
            assert info is not None
            assert info.status is SessionStatus.ACTIVE
            assert set(info.metrics.values()) <= {None, 0}
        assert len(info.metrics) == 25
    told = [vars(r)["session_id"] for r in caplog.records if "metrics" in r.getMessage()]
    assert told == [broken.id]
    assert "sk-secret" not in caplog.text


async def test_t25_a_session_whose_slot_was_lost_leaves_the_call() -> None:
    ledger = Ledger()
    registry = LosingRegistry()
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay, registry=registry) as launcher:
        lost, kept = [await launcher.start_session(name) for name in ("lost", "kept")]
        await joined(kept)
        registry.lost.add(lost.id)
        reason, at = await end_of(lost)

        assert (reason, at <= 5.5) == (Reason.OWNER_LOST, True)
        assert ledger.present == ["kept"]


class LosingRegistry(SessionRegistry):
    """Says that another owner has some of the slots."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        answer = await super().heartbeat(infos)
        return Heartbeat(lost=frozenset(self.lost), close=answer.close)


class DeafRegistry(SessionRegistry):
    """Has no command stream."""

    async def commands(self) -> AsyncGenerator[Command]:
        await never()
        yield Close("", "")


async def test_defect_15_a_close_flag_is_obeyed_within_a_cycle_without_the_command_stream() -> None:
    ledger = Ledger()
    store = InMemorySessionKVStore()
    async with (
        AgentLauncher(lambda: LedgerAgent(ledger), stay, registry=DeafRegistry(store)) as owner,
        AgentLauncher(lambda: LedgerAgent(ledger), stay, registry=SessionRegistry(store)) as other,
    ):
        session = await owner.start_session("lunch")
        await joined(session)
        await asyncio.sleep(1)
        assert await other.request_close_session("lunch", session.id)

        assert await until(lambda: not ledger.present) <= 5 + 0.5
        assert not await other.request_close_session("lunch", "unknown")


class CountingRegistry(SessionRegistry):
    """Counts its heartbeats, and how many sessions each told of."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.beats: list[tuple[float, int]] = []

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        self.beats.append((now(), len(infos)))
        return await super().heartbeat(infos)


async def test_defect_14_one_heartbeat_tells_of_all_sessions_at_least_every_third_of_the_ttl() -> None:
    ledger = Ledger()
    registry = CountingRegistry(ttl=6)
    async with AgentLauncher(lambda: LedgerAgent(ledger), stay, registry=registry) as launcher:
        for n in range(30):
            await launcher.start_session(f"call-{n}")
        registry.beats.clear()
        await asyncio.sleep(10.5)

        assert [at for at, _ in registry.beats] == [2, 4, 6, 8, 10]
        assert {sessions for _, sessions in registry.beats} == {30}


async def test_an_ended_session_does_not_come_back_to_the_registry() -> None:
    class SlowRegistry(SessionRegistry):
        async def release(self, info: SessionInfo) -> None:
            await super().release(info)
            await asyncio.sleep(1)

    ledger = Ledger()
    registry = SlowRegistry()
    async with AgentLauncher(
        lambda: LedgerAgent(ledger), stay, registry=registry, maintenance_interval=0.1
    ) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(1)
        await launcher.close_session(session.id, wait=True)

        assert await registry.get_for_call("lunch") == []
