"""Single troubles, one at a time, and what is promised of each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.simulation.cluster import Ledger, Node, Sizes
from tests.simulation.network import Network
from tests.simulation.processes import WORLD, ProcessLoop

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import (
    MaxSessionsPerCallExceeded,
    RegistryRecovering,
    RegistryUnavailable,
)
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus

INTERVAL, TTL = 5.0, 30.0


def _not_checked(step: str, args: tuple[Any, ...]) -> None:
    """These scenes look for themselves."""


class Stage:
    """Two nodes of the documented defaults, one session a call."""

    def __init__(self, **settings: Any) -> None:
        self.loop = asyncio.get_running_loop()
        self.ledger = Ledger()
        self.store = InMemorySessionKVStore()
        self.network = Network(self.store, random.Random(1), _not_checked)
        sizes = Sizes(INTERVAL, TTL, 1)
        self.one, self.two = (
            Node(name, self.network, self.ledger, sizes, **settings) for name in ("one", "two")
        )

    async def begin(self) -> None:
        for node in (self.one, self.two):
            await self.at(node, node.launcher.start())

    async def at(self, node: Node, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in a node's process."""
        return await node.process.start(self.loop, work)

    async def start(self, node: Node, call_id: str) -> AgentSession:
        return await self.at(node, node.launcher.start_session(call_id))

    def in_call(self, call_id: str) -> list[str]:
        return [visit.node.name for visit in self.ledger.present.values() if visit.call_id == call_id]

    async def took(self, true: Callable[[], object]) -> float:
        began = self.loop.time()
        async with asyncio.timeout(1000):
            while not true():  # noqa: ASYNC110 - virtual time makes looking free
                await asyncio.sleep(0.05)
        return self.loop.time() - began

    async def status(self, node: Node, session: AgentSession) -> tuple[SessionStatus, Reason | None] | None:
        assert session.call_id is not None
        info = await self.at(node, node.launcher.get_session_info(session.call_id, session.id))
        return None if info is None else (info.status, info.reason)

    async def clear(self) -> None:
        self.network.cut(down=False)
        for node in (self.one, self.two):
            node.alive, node.link.cut = True, False
            node.process.go_on(self.loop)
            await self.at(node, node.launcher.stop())


def played(scene: Callable[[Stage], Coroutine[Any, Any, None]], **settings: Any) -> None:
    async def main() -> None:
        stage = Stage(**settings)
        await stage.begin()
        try:
            await scene(stage)
        finally:
            await stage.clear()

    with asyncio.Runner(loop_factory=ProcessLoop) as runner:
        runner.run(main())


@pytest.mark.parametrize("silent", [False, True])
def test_t20_an_outage_of_the_store_touches_no_running_session(
    silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        kept, closed = [await stage.start(stage.one, name) for name in ("kept", "closed")]
        caplog.clear()
        stage.network.cut(down=True, silent=silent)
        refused_after: list[float] = []
        for _ in range(30):
            await asyncio.sleep(1)
            began = stage.loop.time()
            with pytest.raises(RegistryUnavailable) as refused:
                await stage.start(stage.one, "lunch")
            refused_after.append(stage.loop.time() - began)
            assert refused.value.retry_after > 0

        assert max(refused_after) < 2
        assert stage.one.launcher.ready
        assert stage.in_call("kept") == stage.in_call("closed") == ["one"]
        assert len(await stage.at(stage.one, stage.one.launcher.list_sessions())) == 2
        assert await stage.status(stage.one, kept) == (SessionStatus.STARTING, None)
        assert await stage.at(stage.one, stage.one.launcher.request_close_session("closed", closed.id))
        assert await stage.took(lambda: not stage.in_call("closed")) < 0.5
        assert await stage.took(lambda: stage.one.launcher.active_sessions == 1) < 2.5
        ended = await stage.at(stage.one, stage.one.launcher.ended_session("closed", closed.id))
        assert ended.reason is Reason.REQUESTED
        lines = [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
        assert len(lines) <= 2 * 4  # of two nodes, in 30 s

        stage.network.cut(down=False)
        await asyncio.sleep(INTERVAL + 1)
        assert await stage.status(stage.two, kept) is not None
        assert await stage.status(stage.two, closed) is None

    played(scene)


def test_t21_a_store_that_comes_back_empty_sees_every_session_within_an_interval() -> None:
    async def scene(stage: Stage) -> None:
        sessions = [await stage.start(stage.one, f"call-{n}") for n in range(10)]
        stage.network.cut(down=True)
        await asyncio.sleep(10)
        stage.store.lose_everything()
        stage.network.cut(down=False)
        back = stage.loop.time()
        admitted = 0
        while stage.loop.time() < back + 3 * INTERVAL:
            for n in range(10):
                try:
                    await stage.start(stage.two, f"call-{n}")
                    admitted += 1
                except (RegistryRecovering, RegistryUnavailable, MaxSessionsPerCallExceeded):
                    pass
            if stage.loop.time() > back + INTERVAL + 1:
                assert all([await stage.status(stage.two, session) for session in sessions])
            await asyncio.sleep(0.5)

        assert admitted == 0
        assert await stage.at(stage.two, stage.two.launcher.request_close_session("call-3", sessions[3].id))
        assert await stage.took(lambda: not stage.in_call("call-3")) < 0.5
        await asyncio.sleep(0.1)
        await stage.start(stage.two, "call-3")

    played(scene)


def test_t22_a_silent_store_delays_neither_expiry_nor_the_end() -> None:
    async def scene(stage: Stage) -> None:
        session = await stage.start(stage.one, "lunch")
        began = stage.loop.time()
        stage.network.cut(down=True, silent=True)
        await stage.took(lambda: not stage.in_call("lunch"))
        assert stage.loop.time() - began <= 20 + INTERVAL + 0.5
        await stage.took(lambda: session.finished)
        assert session.close_reason == CloseReason(Reason.MAX_DURATION)

        stopping = stage.loop.time()
        await stage.at(stage.one, stage.one.launcher.stop())
        assert stage.loop.time() - stopping <= 2

    played(scene, max_session_duration_seconds=20)


def test_t24_t25_the_sessions_of_a_killed_node_are_told_of_replaced_and_gone_in_time() -> None:
    async def scene(stage: Stage) -> None:
        lost, other = [await stage.start(stage.one, name) for name in ("lost", "other")]
        await asyncio.sleep(2 * INTERVAL)
        stage.one.kill()
        killed = stage.loop.time()
        await asyncio.sleep(1)
        assert await stage.status(stage.two, lost) == (SessionStatus.STARTING, None)
        await asyncio.sleep(2.5 * INTERVAL)
        assert await stage.status(stage.two, lost) == (SessionStatus.STARTING, Reason.OWNER_LOST)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await stage.start(stage.two, "lost")

        await asyncio.sleep(killed + TTL / 2 + 0.5 - stage.loop.time())
        await stage.start(stage.two, "lost")
        assert await stage.at(stage.two, stage.two.launcher.request_close_session("other", other.id))
        assert await stage.status(stage.two, other) is None
        await asyncio.sleep(killed + TTL + 1 - stage.loop.time())
        assert [info.node_id for info in await stage.at(stage.two, stage.two.launcher.list_sessions())] == [
            "two"
        ]

    played(scene)


def test_t26_a_node_that_was_stopped_leaves_the_call_that_others_took_over() -> None:
    async def scene(stage: Stage) -> None:
        taken, kept = [await stage.start(stage.one, name) for name in ("taken", "kept")]
        stage.loop.call_soon(stage.one.process.stop, context=WORLD)
        await asyncio.sleep(TTL + 10)
        await stage.start(stage.two, "taken")
        stage.one.process.go_on(stage.loop)

        assert await stage.took(lambda: stage.in_call("taken") == ["two"]) <= INTERVAL
        await stage.took(lambda: taken.finished)
        assert taken.close_reason == CloseReason(Reason.OWNER_LOST)
        assert stage.in_call("kept") == ["one"]
        assert await stage.status(stage.two, kept) == (SessionStatus.STARTING, None)

    played(scene)


def test_t07_an_accepted_close_outlives_the_data_of_the_store() -> None:
    async def scene(stage: Stage) -> None:
        session = await stage.start(stage.one, "lunch")
        stage.one.link.cut = True
        stage.network.reset()
        await asyncio.sleep(1)
        assert await stage.at(stage.two, stage.two.launcher.request_close_session("lunch", session.id))
        stage.store.lose_everything()
        await asyncio.sleep(2)
        stage.one.link.cut = False

        assert await stage.took(lambda: not stage.in_call("lunch")) <= 2 * INTERVAL + 0.5
        await stage.took(lambda: session.finished)
        assert session.close_reason == CloseReason(Reason.REQUESTED)

    played(scene)
