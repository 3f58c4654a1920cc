"""Seeds of the simulation, as many as fit into half a minute; `python -m tests.simulation` plays more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.simulation.processes import WORLD, Process, ProcessLoop
from tests.simulation.run import play

from vision_agents.core.launcher.maintenance import Maintenance
from vision_agents.core.launcher.registry import memory_rows
from vision_agents.core.launcher.registry.unsaid import Unsaid

_BUDGET_S = 25.0
_AT_LEAST = 30
_AT_MOST = 250


def test_no_seed_breaks_a_promise() -> None:
    began = time.perf_counter()
    for seed in range(_AT_MOST):
        outcome = play(seed)

        assert outcome.failures == (), f"python -m tests.simulation --seed {seed} --seeds 1"
        if seed >= _AT_LEAST and time.perf_counter() - began > _BUDGET_S:
            break


def test_the_same_seed_is_the_same_story() -> None:
    assert play(7, life=100) == play(7, life=100)
    assert play(7, life=100).story != play(8, life=100).story


def _ignore(*_: Any, **__: Any) -> None: ...


def _zero(_: object) -> int:
    return 0


def _yes(*_: object) -> bool:
    return True


def _nothing(*_: object) -> tuple[()]:
    return ()


def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_rows.Nodes, "recovering_ms", property(_zero, _ignore), raising=False)


def _no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Unsaid, "closes_to_repeat", _nothing)


def _deaf_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maintenance, "_close", _ignore)


def _no_resurrection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_rows.MemoryRows, "_renew_one", _yes)


@pytest.mark.parametrize(
    ("breaking", "found"),
    [
        (_no_grace, "has too many in it"),
        (_no_resurrection, "is not listed"),
        (_no_repetition, "is lost"),
        # Rare: many seeds have to be played.
        pytest.param(_deaf_owner, "has too many in it", marks=pytest.mark.slow),
    ],
)
def test_a_rule_that_is_broken_is_found_out(
    breaking: Callable[[pytest.MonkeyPatch], None], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch)
    assert any(found in failure for seed in range(100) for failure in play(seed).failures)


def test_a_stopped_process_stands_still_and_catches_up_in_its_order() -> None:
    done: list[tuple[str, float]] = []

    async def work() -> None:
        for name in ("one", "two"):
            await asyncio.sleep(2)
            done.append((name, asyncio.get_running_loop().time()))

    async def main() -> None:
        loop, process = asyncio.get_running_loop(), Process("kitchen")
        task = process.start(loop, work())
        loop.call_later(1, process.stop, context=WORLD)
        loop.call_later(10, process.go_on, loop, context=WORLD)
        await asyncio.wait([task])

    with asyncio.Runner(loop_factory=ProcessLoop) as runner:
        runner.run(main())

    assert done == [("one", 10), ("two", 12)]
