"""A thousand sessions leave no more behind than one."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, joined, never, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.supervisor import SessionSupervisor

Cycle = Callable[[AgentLauncher], Awaitable[None]]


async def start_and_close(launcher: AgentLauncher) -> None:
    session = await launcher.start_session("lunch")
    await joined(session)
    await launcher.close_session(session.id, wait=True)


async def fail_to_join(launcher: AgentLauncher) -> None:
    session = await launcher.start_session("fails")
    with pytest.raises(ZeroDivisionError):
        await session.wait()


async def give_up(launcher: AgentLauncher) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await launcher.start_session("slow", slow=True)
    while launcher.active_sessions:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def new_launcher(ledger: Ledger) -> AgentLauncher:
    async def create_agent(slow: bool = False) -> Agent:
        if slow:
            await never()
        return LedgerAgent(ledger)

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        if call_id == "fails":
            raise ZeroDivisionError
        await stay(agent, call_type, call_id)

    return AgentLauncher(create_agent, enter, max_sessions_per_call=1)


def living() -> dict[str, int]:
    """Objects of sessions that nothing has let go of, tasks and descriptors."""
    gc.collect()
    kinds = (Agent, AgentSession, SessionSupervisor)
    objects = gc.get_objects()
    return {
        **{kind.__name__: sum(isinstance(thing, kind) for thing in objects) for kind in kinds},
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0,  # noqa: PTH208
    }


@pytest.mark.virtual_time
@pytest.mark.parametrize("cycle", [start_and_close, fail_to_join, give_up])
async def test_t40_a_thousand_sessions_leave_nothing(cycle: Cycle) -> None:
    ledger = Ledger()
    async with new_launcher(ledger) as launcher:
        await cycle(launcher)
        before = living()
        for _ in range(1000):
            await cycle(launcher)
        after = living()

        assert {name: after[name] - before[name] for name in before if after[name] > before[name] + 2} == {}
        assert after["AgentSession"] <= before["AgentSession"]
    assert ledger.all_closed_once
    assert ledger.present == []


@pytest.mark.slow
@pytest.mark.parametrize("cycle", [start_and_close, fail_to_join, give_up])
async def test_t40_memory_does_not_grow(cycle: Cycle) -> None:
    """On a real loop: what the ledger and the minute of ended sessions keep is bounded by the same count."""

    def rss_mb() -> float:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    assert not tracemalloc.is_tracing()
    async with new_launcher(Ledger()) as launcher:
        for _ in range(200):
            await cycle(launcher)
        before = rss_mb()
        for _ in range(800):
            await cycle(launcher)

        assert rss_mb() - before < 10
