"""Starts, closes, stops and drains in any order and at any moment leave nothing behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, LedgerEdge, now, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import VisionAgentsError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.testing.virtual_time import run_virtual

_EXPECTED = (VisionAgentsError, RuntimeError, ZeroDivisionError, asyncio.CancelledError)


class Storm:
    """Everything a launcher can be asked for, at random, by several at once.

    Args:
        dice: decides what comes when.
        scale: seconds that the longest step takes.
    """

    def __init__(self, dice: random.Random, scale: float) -> None:
        self.dice = dice
        self.scale = scale
        self.ledger = Ledger()
        self.ids = [f"s{n}" for n in range(60)]
        self.launcher = AgentLauncher(
            self._create_agent,
            stay,
            max_concurrent_sessions=8,
            max_sessions_per_call=2,
            close_timeout=8 * scale,
        )

    async def _pause(self) -> None:
        await asyncio.sleep(self.dice.choice((0.0, 0.0, 0.1, 1.0)) * self.dice.random() * self.scale)

    async def _create_agent(self) -> Agent:
        await self._pause()
        if self.dice.random() < 0.1:
            raise ZeroDivisionError
        return LedgerAgent(
            self.ledger, edge=LedgerEdge(self.ledger, joining=self._pause, closing=self._pause)
        )

    async def play(self) -> None:
        wishes: list[Callable[[], Awaitable[object]]] = [
            *[self._start_session] * 8,
            *[self._close] * 4,
            self.launcher.start,
            self.launcher.start,
            self.launcher.stop,
            lambda: self.launcher.drain(self.dice.random() * self.scale),
        ]
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                task = group.create_task(_accepted(self.dice.choice(wishes)()))
                if self.dice.random() < 0.2:
                    later = self.dice.random() * self.scale
                    asyncio.get_running_loop().call_later(later, task.cancel)
                await self._pause()
        await self.launcher.stop()

    def _start_session(self) -> Awaitable[object]:
        call_id = f"call-{self.dice.randrange(3)}"
        return self.launcher.start_session(call_id, session_id=self.ids.pop())

    def _close(self) -> Awaitable[object]:
        return self.launcher.close_session(f"s{self.dice.randrange(60)}", wait=self.dice.random() < 0.5)

    def check(self) -> None:
        assert self.ledger.present == []
        assert self.ledger.all_closed_once
        assert (self.launcher.active_sessions, self.launcher.running) == (0, False)
        assert self.ledger.most_at_once() <= 8
        assert all(self.ledger.most_at_once(f"call-{n}") <= 2 for n in range(3))


async def _accepted(wish: Awaitable[object]) -> None:
    """Every answer is fine but an error of the wrong kind."""
    try:
        await wish
    except _EXPECTED:
        return


async def storm(seed: int, scale: float) -> int:
    """Play one storm; gives how many sessions were in their calls."""
    made = Storm(random.Random(seed), scale)
    await made.play()
    made.check()
    # The launcher is as good as new.
    while not made.launcher.running:
        await _accepted(made.launcher.start())
    await made.launcher.stop()
    assert made.ledger.all_closed_once
    return len(made.ledger.visits)


def _play(work: Coroutine[Any, Any, int]) -> int:
    return run_virtual(work)


def test_t10_t32_no_order_of_calls_leaves_anything() -> None:
    visits = [_play(storm(seed, 1.0)) for seed in range(60)]

    assert sum(visits) > 100


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_t10_t32_many_orders() -> None:
    for seed in range(60, 2000):
        _play(storm(seed, 1.0))


@pytest.mark.slow
async def test_t10_t32_on_a_real_clock() -> None:
    for seed in range(20):
        await storm(seed, 0.05)
    assert now() > 0
