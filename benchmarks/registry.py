"""What the session registry costs, in memory and on a Redis server on the loopback.

Prints one line of JSON. A cycle is the heartbeat of 1,000 sessions with 25 metrics each, which all changed
(`dirty`) or did not; `longest_block_ms` is how long the event loop was held up at once. The loop is watched
by a task that never rests, whose share is in `cpu_ms` too. On a busy machine compare with `bare_round_trip`.
Give ``--redis-url`` to use a server of yours; otherwise a private one is started.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.real_redis import RedisServer

from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.status import SessionStatus

SESSIONS = 1000
OPERATIONS = 1000
ROUNDS = 7


def sessions(turn: int) -> list[SessionInfo]:
    """A thousand sessions in as many calls; their metrics differ from turn to turn."""
    return [
        SessionInfo(
            session_id=f"0f8fad5b-d9cb-469f-a165-{number:012d}",
            call_id=f"call-{number}",
            node_id="bench",
            started_at=1.5,
            status=SessionStatus.ACTIVE,
            metrics={f"metric_of_some_kind_{index}": turn + index / 7 for index in range(25)},
        )
        for number in range(SESSIONS)
    ]


async def best_us(step: Callable[[int], Awaitable[object]]) -> dict[str, float]:
    """Time one operation: the best of some rounds' means, because others use the machine too."""
    means: list[float] = []
    used: list[float] = []
    for turn in range(ROUNDS):
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(OPERATIONS):
            await step(turn * OPERATIONS + number)
        means.append((time.perf_counter() - began) / OPERATIONS)
        used.append((time.process_time() - cpu) / OPERATIONS)
    return {"us": round(min(means) * 1e6, 1), "cpu_us": round(min(used) * 1e6, 1)}


async def longest_block(work: Awaitable[object]) -> tuple[float, float]:
    """Do something while another task watches the loop; gives its length and the longest gap."""
    longest = 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        before = time.perf_counter()
        while not done.is_set():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    watcher = asyncio.get_running_loop().create_task(watch())
    await asyncio.sleep(0)
    began = time.perf_counter()
    await work
    took = time.perf_counter() - began
    done.set()
    await watcher
    return took, longest


async def cycle(registry: SessionRegistry, *, dirty: bool) -> dict[str, float]:
    took: list[float] = []
    blocked: list[float] = []
    used: list[float] = []
    infos = sessions(0)
    for turn in range(ROUNDS + 1):
        changed = sessions(turn) if dirty else infos
        cpu = time.process_time()
        one, longest = await longest_block(registry.heartbeat(changed))
        used.append(time.process_time() - cpu)
        took.append(one)
        blocked.append(longest)
    return {
        "best_ms": round(min(took) * 1e3, 2),
        "median_ms": round(statistics.median(took) * 1e3, 2),
        "cpu_ms": round(min(used) * 1e3, 2),
        "longest_block_ms": round(min(blocked) * 1e3, 2),
    }


async def measure(store: SessionKVStore) -> dict[str, object]:
    async with SessionRegistry(store, node_id="bench", ttl=600) as registry:
        everything = sessions(0)
        await registry.heartbeat(everything)
        one = everything[0]
        changing = [replace(one, metrics={**one.metrics, "metric_0": turn}) for turn in range(OPERATIONS)]

        async def claim(number: int) -> None:
            await registry.claim(replace(one, session_id=f"s{number}", call_id=f"c{number}"), max_per_call=1)

        results: dict[str, object] = {
            "cycle_clean": await cycle(registry, dirty=False),
            "cycle_dirty": await cycle(registry, dirty=True),
            "heartbeat": await best_us(lambda number: registry.heartbeat([changing[number % OPERATIONS]])),
            "get": await best_us(lambda _: registry.get(*one.key)),
            "get_for_call": await best_us(lambda _: registry.get_for_call(one.call_id)),
            "request_close": await best_us(lambda _: registry.request_close(*one.key)),
            "register": await best_us(claim),
        }
        if isinstance(store, RedisSessionKVStore):
            results["bare_round_trip"] = await best_us(lambda number: store.get(str(number)))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redis-url")
    url: str | None = parser.parse_args().redis_url
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        if url is None:
            server.start()
            server.remember()
        try:
            results = {
                "sessions": SESSIONS,
                "memory": asyncio.run(measure(InMemorySessionKVStore())),
                "redis": asyncio.run(measure(RedisSessionKVStore(url=url or server.url))),
            }
        finally:
            if url is None:
                server.kill()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
