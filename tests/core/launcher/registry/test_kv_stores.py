"""The documented key-value stores keep what they are given, for as long as they are told."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.real_redis import RedisServer

from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[SessionKVStore]:
    if request.param == "memory":
        made: SessionKVStore = InMemorySessionKVStore()
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisSessionKVStore(url=server.url)
    async with made as store:
        yield store


async def test_what_was_set_is_given(store: SessionKVStore) -> None:
    await store.set("a", b"\x00\xff", 10)
    await store.mset([("b", b"2", 10), ("c", b"3", 10)])
    await store.mset([])

    assert await store.get("a") == b"\x00\xff"
    assert await store.get("z") is None
    assert await store.mget(["c", "z", "b"]) == [b"3", None, b"2"]
    assert await store.mget([]) == []


async def test_what_must_exist_is_not_made(store: SessionKVStore) -> None:
    await store.set("a", b"1", 10, only_if_exists=True)
    assert await store.get("a") is None

    await store.set("a", b"1", 10)
    await store.set("a", b"2", 10, only_if_exists=True)
    assert await store.get("a") == b"2"


async def test_what_was_deleted_is_gone(store: SessionKVStore) -> None:
    await store.mset([("a", b"1", 10), ("b", b"2", 10)])
    await store.delete(["a", "z"])
    await store.delete([])

    assert await store.mget(["a", "b"]) == [None, b"2"]


@pytest.mark.parametrize("odd", ["a*", "a?", "a[bc]", "a\\", "a^", "ä", "a/{b}"])
async def test_keys_are_listed_by_prefix_and_by_nothing_else(store: SessionKVStore, odd: str) -> None:
    await store.mset([(key, b"1", 10) for key in ("a1", "ab", "b", f"{odd}1", f"{odd}/2")])

    assert sorted(await store.keys(odd)) == sorted([f"{odd}1", f"{odd}/2"])
    assert len(await store.keys("")) == 5
    assert await store.keys("zzz") == []


async def test_values_run_out_and_can_be_kept_longer(store: SessionKVStore) -> None:
    await store.mset([("short", b"1", 0.05), ("kept", b"2", 0.05)])
    await store.expire("kept", "missing", ttl=10)
    await store.expire(ttl=10)
    await asyncio.sleep(0.1)

    assert await store.mget(["short", "kept", "missing"]) == [None, b"2", None]
    assert await store.keys("") == ["kept"]
    await store.set("short", b"3", 10, only_if_exists=True)
    assert await store.get("short") is None


@pytest.mark.virtual_time
async def test_memory_is_cleaned_up_now_and_then() -> None:
    store = InMemorySessionKVStore(cleanup_interval=60)
    await store.mset([(str(number), b"1", 1) for number in range(100)])
    await asyncio.sleep(61)
    await store.set("new", b"1", 1)

    assert len(store._values) == 1


async def test_memory_is_cleared_when_it_is_closed() -> None:
    store = InMemorySessionKVStore()
    await store.set("a", b"1", 10)
    await store.close()

    assert await store.get("a") is None


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="cleanup_interval must be > 0, not 0"):
        InMemorySessionKVStore(cleanup_interval=0)
    with pytest.raises(ValueError, match="exactly one of client and url"):
        RedisSessionKVStore()
    with pytest.raises(ValueError, match="exactly one of client and url"):
        RedisSessionKVStore(client=object(), url="redis://")
