"""A launcher before a registry of which nobody can tell whether it is new or has lost what it knew."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, now, stay

from vision_agents.core.errors import LauncherNotRunning
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry

pytestmark = pytest.mark.virtual_time


def launcher(*, limit: int | None) -> AgentLauncher:
    store = InMemorySessionKVStore()
    store.lose_everything()
    ledger = Ledger()
    return AgentLauncher(
        lambda: LedgerAgent(ledger), stay, max_sessions_per_call=limit, registry=SessionRegistry(store)
    )


async def test_a_limited_launcher_has_started_when_slots_can_be_claimed() -> None:
    began = now()
    async with launcher(limit=1) as node:
        assert now() - began == pytest.approx(11.0, abs=0.01)
        await node.start_session("lunch")


async def test_without_a_limit_nothing_waits() -> None:
    began = now()
    async with launcher(limit=None) as node:
        assert now() == began
        await node.start_session("lunch")


async def test_stopping_ends_the_wait() -> None:
    node = launcher(limit=1)

    async def stop() -> None:
        await asyncio.sleep(1)
        await node.stop()

    began = now()
    async with asyncio.TaskGroup() as group:
        group.create_task(stop())
        with pytest.raises(LauncherNotRunning):
            await node.start()
    assert now() - began == pytest.approx(1.0)
    assert not node.running


async def test_a_cancelled_start_leaves_nothing_running() -> None:
    node = launcher(limit=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await node.start()
    assert not node.running
