"""A Redis server that is killed, frozen, unreachable or comes back empty, under running sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.core.launcher.registry.scene import Node, ended, eventually, listening, living
from tests.fault_proxy import FaultProxy
from tests.real_redis import RedisServer

from vision_agents.core.errors import MaxSessionsPerCallExceeded, RegistryRecovering, RegistryUnavailable
from vision_agents.core.launcher.registry.port import Close
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.types.status import Reason

INTERVAL = 0.25
TTL = 1.5


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[FaultProxy]:
    redis_server.remember()
    async with FaultProxy(redis_server.port) as proxy:
        yield proxy


async def made(url: str, name: str) -> AsyncIterator[Node]:
    registry = SessionRegistry(RedisSessionKVStore(url=url), node_id=name, ttl=TTL)
    node = Node(registry, interval=INTERVAL)
    async with registry:
        yield node


@pytest.fixture
async def ann(proxy: FaultProxy) -> AsyncIterator[Node]:
    async for node in made(proxy.url, "ann"):
        yield node


@pytest.fixture
async def bob(proxy: FaultProxy) -> AsyncIterator[Node]:
    async for node in made(proxy.url, "bob"):
        yield node


async def took(step: Awaitable[object]) -> float:
    """Do something that must fail for want of the store, and tell how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(RegistryUnavailable) as caught:
        await step
    assert caught.value.retry_after > 0
    return loop.time() - began


def steps(node: Node) -> list[Callable[[], Awaitable[object]]]:
    registry = node.registry
    return [
        lambda: node.claim("more", limit=9),
        lambda: registry.get("lunch", "one"),
        registry.list_sessions,
        lambda: registry.request_close("lunch", "one"),
        lambda: registry.begin_once("lunch", "key", "print"),
    ]


async def visible(node: Node, count: int) -> bool:
    try:
        return len(await node.registry.get_for_call("lunch")) == count
    except RegistryUnavailable:
        return False


async def test_a_server_that_was_killed_and_comes_back_empty(
    redis_server: RedisServer, ann: Node, bob: Node, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        await ann.claim(f"s{number}", limit=30)
    async with living(ann, bob):
        redis_server.kill()
        for step in steps(bob):
            assert await took(step()) < 1.1
        assert not bob.registry.available
        redis_server.start()

        assert await eventually(lambda: visible(bob, 30), within=10) < INTERVAL + 1
        assert ann.left == set()
        with pytest.raises(RegistryRecovering):
            await bob.claim("more", limit=31)
        assert await bob.registry.request_close("lunch", "s7")

        async def closed() -> bool:
            return ann.closed == {"s7"}

        assert await eventually(closed, within=10) < INTERVAL + 1

    gone = [record for record in caplog.records if "cannot be reached" in record.getMessage()]
    assert len(gone) <= 2  # one a node


async def test_after_the_grace_limits_hold_as_before(redis_server: RedisServer, ann: Node, bob: Node) -> None:
    await ann.claim("one", limit=1)
    async with living(ann, bob):
        redis_server.send("FLUSHALL")

        async def decided() -> bool:
            try:
                await bob.claim("two", limit=1)
            except RegistryRecovering:
                return False
            except MaxSessionsPerCallExceeded:
                return True
            raise AssertionError("admitted a second session")

        assert await eventually(decided, within=10) > 2 * INTERVAL
    assert ann.left == set()


async def test_a_frozen_server_holds_up_nobody(redis_server: RedisServer, ann: Node, bob: Node) -> None:
    await ann.claim("one")
    redis_server.freeze()
    times = [await took(step()) for step in steps(bob)]
    redis_server.thaw()
    await ann.beat()

    assert max(times) < 1.5
    assert sum(times) < 2.5  # what is known to be gone is not asked again and again
    assert await eventually(lambda: visible(bob, 1), within=5) < 2


async def test_a_black_hole_holds_up_nobody(proxy: FaultProxy, ann: Node, bob: Node) -> None:
    await ann.claim("one")
    proxy.swallow()
    times = [await took(step()) for step in steps(bob)]
    proxy.restore()
    await ann.beat()

    assert max(times) < 1.5
    assert sum(times) < 2.5
    assert await eventually(lambda: visible(bob, 1), within=5) < 2


async def test_reset_connections_are_made_anew_without_a_word(
    proxy: FaultProxy, ann: Node, bob: Node, caplog: pytest.LogCaptureFixture
) -> None:
    await ann.claim("one")
    for _ in range(5):
        proxy.reset()
        assert await visible(bob, 1)
        await ann.beat()

    assert caplog.records == []


async def test_a_slow_server_is_waited_for(proxy: FaultProxy, ann: Node, bob: Node) -> None:
    await ann.claim("one")
    proxy.delay_s = 0.1  # each way

    assert await visible(bob, 1)
    await ann.beat()


async def test_commands_come_again_after_an_outage(
    redis_server: RedisServer, proxy: FaultProxy, ann: Node, bob: Node
) -> None:
    await ann.claim("one")
    async with living(ann), listening(ann.registry) as commands:
        command = asyncio.gather(anext(commands))
        await asyncio.sleep(0.1)
        redis_server.kill()
        await asyncio.sleep(0.5)
        redis_server.start()
        await eventually(lambda: visible(bob, 1), within=10)
        ann.awake.clear()  # so that the command is what tells it
        proxy.reset()
        await bob.registry.request_close("lunch", "one")

        assert await asyncio.wait_for(command, 5) == [Close("lunch", "one")]


async def test_a_dead_nodes_slot_is_free_after_its_lease(ann: Node, bob: Node) -> None:
    await ann.claim("one", limit=1)
    async with living(bob):

        async def replaced() -> bool:
            try:
                await bob.claim("two", limit=1)
            except MaxSessionsPerCallExceeded:
                return False
            return True

        waited = await eventually(replaced, within=10)
        assert TTL / 2 - 0.1 < waited < TTL
        gone = await bob.registry.ended("lunch", "one")
        assert gone is not None
        assert gone.reason is Reason.OWNER_LOST
        await ann.beat()  # it was only paused
        assert ann.left == {"one"}


async def test_a_node_stops_in_bounded_time_whatever_the_server_does(
    redis_server: RedisServer, proxy: FaultProxy
) -> None:
    registry = SessionRegistry(RedisSessionKVStore(url=proxy.url))
    node = Node(registry)
    await registry.start()
    await node.claim("one")
    redis_server.freeze()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await registry.release(ended(node.sessions["one"]))
    await registry.stop()
    redis_server.thaw()

    assert loop.time() - began < 3.5
