"""The registry on a real Redis server: what is in it, who can be its client, and what it costs."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.core.launcher.registry.scene import Node, ended, listening, session
from tests.fault_proxy import FaultProxy
from tests.real_redis import RedisServer

from vision_agents.core.errors import MaxSessionsPerCallExceeded, RegistryRecovering
from vision_agents.core.launcher.registry.port import Close, Done, NodeInfo
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.types.status import Reason

ONE = session("one")


@pytest.fixture
def old_server(redis_server: RedisServer) -> RedisServer:
    """A server that has served a registry before, so that limited claims need not wait."""
    redis_server.remember()
    return redis_server


def node(url: str, node_id: str, *, ttl: float = 30.0, interval: float = 5.0) -> Node:
    store = RedisSessionKVStore(url=url)
    return Node(SessionRegistry(store, node_id=node_id, ttl=ttl), interval=interval)


@pytest.fixture
async def ann(old_server: RedisServer) -> AsyncIterator[Node]:
    made = node(old_server.url, "ann")
    async with made.registry:
        yield made


@pytest.fixture
async def bob(old_server: RedisServer) -> AsyncIterator[Node]:
    made = node(old_server.url, "bob")
    async with made.registry:
        yield made


async def test_any_node_sees_and_closes_any_session(ann: Node, bob: Node) -> None:
    await ann.claim("one")
    await ann.registry.advertise("http://ann")
    assert await bob.registry.get_for_call("lunch") == [ONE]
    assert await bob.registry.node("ann") == NodeInfo("ann", "http://ann")

    async with listening(ann.registry) as commands:
        command = asyncio.gather(anext(commands))
        loop = asyncio.get_running_loop()
        asked = loop.time()
        assert await bob.registry.request_close("lunch", "one")
        assert await command == [Close("lunch", "one")]
        assert loop.time() - asked < 0.5
    await ann.beat()
    assert ann.closed == {"one"}
    info = await bob.registry.ended("lunch", "one")
    assert info is not None
    assert info.reason is Reason.REQUESTED


@pytest.mark.parametrize("limit", [1, 3])
async def test_two_nodes_never_exceed_the_limit_of_a_call(ann: Node, bob: Node, limit: int) -> None:
    claims = [
        which.claim(f"{which.registry.node_id}-{call}-{number}", f"call-{call}", limit=limit)
        for call in range(20)
        for number in range(2 * limit)
        for which in (ann, bob)
    ]
    results = await asyncio.gather(*claims, return_exceptions=True)

    assert {type(result) for result in results} == {type(None), MaxSessionsPerCallExceeded}
    for call in range(20):
        assert len(await ann.registry.get_for_call(f"call-{call}")) == limit
    assert len(ann.sessions) + len(bob.sessions) == 20 * limit


async def test_an_empty_server_may_have_lost_sessions_so_a_limited_claim_waits(
    redis_server: RedisServer,
) -> None:
    first = node(redis_server.url, "first", ttl=3, interval=0.2)
    async with first.registry:
        await first.claim("free")
        with pytest.raises(RegistryRecovering) as caught:
            await first.claim("one", "dinner", limit=1)
        assert 0.3 < caught.value.retry_after <= 0.44
        await asyncio.sleep(caught.value.retry_after)
        await first.claim("one", "dinner", limit=1)
        for info in first.sessions.values():
            await first.registry.release(ended(info))

    second = node(redis_server.url, "second")
    await asyncio.sleep(1.3)  # longer than the epoch lasts
    async with second.registry:
        await second.claim("one", limit=1)  # all who were there have signed off


async def test_keys_share_a_slot_hold_no_raw_ids_and_are_never_searched(
    redis_server: RedisServer,
) -> None:
    redis_server.remember()
    odd = "a*?[b]{c}\\ \n/:"
    redis_server.send("CONFIG RESETSTAT")
    async with node(redis_server.url, odd).registry as registry:
        await registry.claim(session("one", odd), max_per_call=2)
        await registry.claim(session(odd, odd), max_per_call=2)
        await registry.request_close(odd, odd)
        await registry.begin_once(odd, odd, "print")
        await registry.finish_once(odd, odd, b"", 201)
        await registry.release(ended(session("one", odd)))
        await registry.heartbeat([session(odd, odd)])
        assert [info.session_id for info in await registry.get_for_call(odd)] == [odd]
        assert await registry.get_for_call("a") == []
        assert await registry.get(odd, odd) is not None
        assert await registry.list_sessions() != []
        assert await registry.ended(odd, "one") is not None
        keys = await _keys(redis_server)

    assert len(keys) >= 10
    assert all(re.fullmatch(r"vision_agents:\{registry\}:[a-z]+(:[\w%.~/-]+)?", key) for key in keys), keys
    commands = redis_server.send("INFO commandstats").decode()
    assert "cmdstat_evalsha" in commands
    assert not re.search(r"cmdstat_(scan|keys|hscan|zscan)\b", commands.replace("cmdstat_keys:calls=1,", ""))


async def _keys(server: RedisServer) -> list[str]:
    client = server.connect(decode_responses=True)
    try:
        return sorted(await client.keys("*"))
    finally:
        await client.aclose()


async def test_a_prefix_of_ones_own_keeps_registries_apart(redis_server: RedisServer) -> None:
    stores = [
        RedisSessionKVStore(url=redis_server.url, key_prefix=prefix) for prefix in ("a:", "b{own}:", "c")
    ]
    for store in stores:
        async with SessionRegistry(store) as registry:
            assert await registry.list_sessions() == []
            await registry.claim(ONE)

    prefixes = {re.split(r"(?<=\}):", key)[0] for key in await _keys(redis_server)}
    assert prefixes == {"a:{registry}", "b{own}", "c{registry}"}


@pytest.mark.parametrize(
    "options", [{}, {"decode_responses": True}, {"protocol": 3}, {"socket_timeout": 0.3}]
)
async def test_a_client_of_ones_own_is_used_and_left_open(
    old_server: RedisServer, options: dict[str, Any]
) -> None:
    client = old_server.connect(**options)
    async with SessionRegistry(RedisSessionKVStore(client=client), node_id="ann") as registry:
        await registry.claim(ONE, max_per_call=1)
        assert await registry.get("lunch", "one") == ONE
        await registry.begin_once("lunch", "key", "print")
        await registry.finish_once("lunch", "key", '{"é": 1}'.encode(), 201)
        assert await registry.begin_once("lunch", "key", "print") == Done('{"é": 1}'.encode(), 201)
        async with listening(registry) as commands:
            command = asyncio.gather(anext(commands))
            await asyncio.sleep(0.4)
            await registry.request_close("lunch", "one")
            assert await command == [Close("lunch", "one")]
        assert registry.available

    assert await client.ping()
    await client.aclose()


async def test_what_cannot_be_read_is_skipped_and_counted(old_server: RedisServer, ann: Node) -> None:
    await ann.claim("one")
    await ann.claim("bad")
    await ann.claim("odd")
    client = old_server.connect()
    call = "vision_agents:{registry}:call:lunch"
    owner = (await client.hget(call, "one")).split(b"\n")[0]
    await client.hset(call, "bad", owner + b"\n\xff{")
    await client.hset(call, "odd", owner + b'\n{"status": "dancing"}')
    await client.aclose()

    assert await ann.registry.get_for_call("lunch") == [ONE]
    assert await ann.registry.get("lunch", "odd") is None
    assert ann.registry.unreadable_entries == 3


async def test_only_what_changed_is_sent(old_server: RedisServer, ann: Node, bob: Node) -> None:
    for number in range(50):
        await ann.claim(f"s{number}", f"call-{number}")
    await ann.beat()
    before = _received(old_server)
    await ann.beat()
    idle = _received(old_server) - before
    metrics = {f"metric_{number}": number / 7 for number in range(25)}
    ann.sessions = {key: replace(info, metrics=metrics) for key, info in ann.sessions.items()}
    await ann.beat()

    assert idle < 50 * 60
    assert _received(old_server) - before - idle > 50 * 400
    info = await bob.registry.get("call-7", "s7")
    assert info is not None
    assert info.metrics == metrics


def _received(server: RedisServer) -> int:
    """Count the bytes that the server got."""
    found = re.search(rb"total_net_input_bytes:(\d+)", server.send("INFO stats"))
    assert found is not None
    return int(found[1])


async def test_what_a_server_lost_partly_is_sent_again(old_server: RedisServer, ann: Node) -> None:
    await ann.claim("one")
    await ann.beat()
    old_server.send("DEL vision_agents:{registry}:call:lunch")
    assert await ann.registry.get_for_call("lunch") == []
    await ann.beat()

    assert await ann.registry.get_for_call("lunch") == [ONE]


@pytest.mark.parametrize(("count", "trips"), [(0, 1), (500, 1), (501, 2), (1500, 3)])
async def test_a_cycle_takes_one_round_trip_for_500_sessions(
    old_server: RedisServer, ann: Node, count: int, trips: int
) -> None:
    ann.sessions = {f"s{number}": session(f"s{number}", f"c{number}") for number in range(count)}
    await ann.beat()
    before = _commands(old_server)
    await ann.beat()

    assert _commands(old_server) - before == trips
    assert len(await ann.registry.list_sessions(limit=10_000)) == count


def _commands(server: RedisServer) -> int:
    """Count the scripts that were run."""
    found = re.search(rb"cmdstat_evalsha:calls=(\d+)", server.send("INFO commandstats"))
    return int(found[1]) if found else 0


async def test_a_far_server_loses_no_session(old_server: RedisServer) -> None:
    """A tenth of a second there and back, and a lease of 0.6 s: one trip at a time would never do."""
    async with FaultProxy(old_server.port) as proxy:
        far = node(proxy.url, "far", ttl=1.2, interval=0.2)
        proxy.delay_s = 0.05
        async with far.registry:
            far.sessions = {f"s{number}": session(f"s{number}") for number in range(100)}
            for _ in range(10):
                await far.beat()
                await asyncio.sleep(far.interval)
            assert len(await far.registry.list_sessions()) == 100
            assert far.registry.available


async def test_ids_that_are_no_unicode_and_numbers_that_are_none_are_kept(ann: Node, bob: Node) -> None:
    info = replace(session("one", "half \ud800"), metrics={"all": float("inf"), "none": None, "some": 0.1})
    await ann.registry.claim(info)

    assert await bob.registry.get(*info.key) == info


async def test_a_step_that_was_given_up_leaves_its_answer_to_nobody_else(old_server: RedisServer) -> None:
    async with FaultProxy(old_server.port) as proxy, node(proxy.url, "ann").registry as registry:
        await registry.claim(ONE)
        await registry.claim(session("two"))
        proxy.delay_s = 0.05
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(registry.get("lunch", "one"), 0.06)  # the answer is on its way

        assert await registry.get("lunch", "two") == session("two")


async def test_more_steps_at_once_than_connections(old_server: RedisServer, ann: Node) -> None:
    ids = [f"s{number}" for number in range(100)]
    await asyncio.gather(*(ann.claim(name) for name in ids))

    found = await asyncio.gather(*(ann.registry.get("lunch", name) for name in ids))
    assert [info and info.session_id for info in found] == ids
    clients = old_server.send("CLIENT LIST").decode().count(" addr=")
    assert clients <= 8 + 2


async def test_a_server_that_forgot_the_script_gets_it_again(old_server: RedisServer, ann: Node) -> None:
    old_server.send("SCRIPT FLUSH")
    await ann.claim("one")

    assert await ann.registry.get("lunch", "one") == ONE


async def test_commands_that_make_no_sense_are_skipped(old_server: RedisServer, ann: Node) -> None:
    await ann.claim("one")
    client = old_server.connect()
    stream = (await client.zrange("vision_agents:{registry}:leases", 0, -1))[0].decode()
    for text in ("{", "[]", json.dumps({"dance": 1}), json.dumps({"close": ["lunch", "one"]})):
        await client.xadd(f"vision_agents:{{registry}}:commands:{stream}", {"command": text})
    await client.aclose()
    async with listening(ann.registry) as commands:
        assert await anext(commands) == Close("lunch", "one")

    assert ann.registry.unreadable_entries == 3


def test_without_the_redis_package_an_error_tells_how_to_get_it() -> None:
    program = """
import sys
sys.modules["redis"] = None
from vision_agents.core import SessionRegistry
from vision_agents.core.agents.session_registry import InMemorySessionKVStore
for name in ("vision_agents.core", "vision_agents.core.agents.session_registry"):
    try:
        __import__(name, fromlist=["RedisSessionKVStore"]).RedisSessionKVStore
    except ModuleNotFoundError as error:
        print(error.name, "|", error)
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    line = "redis | Sessions on Redis need the redis package: pip install 'open-vision-agents[redis]'"
    assert run.stdout.splitlines() == [line, line]
