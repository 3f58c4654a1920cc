"""A key-value store that knows nothing of registries still serves as one, as far as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.core.launcher.registry.scene import ended, session

from vision_agents.core.errors import IdempotencyConflict, MaxSessionsPerCallExceeded, RegistryUnavailable
from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import Done, InProgress, New, NodeInfo
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.types.status import Reason

pytestmark = pytest.mark.virtual_time

ONE, TWO = session("one"), session("two")


class Theirs(SessionKVStore):
    """A user's own store."""

    def __init__(self) -> None:
        self.inner = InMemorySessionKVStore()
        self.written: set[str] = set()
        self.broken = False

    async def set(self, key: str, value: bytes, ttl: float, *, only_if_exists: bool = False) -> None:
        await self.inner.set(key, value, ttl, only_if_exists=only_if_exists)

    async def mset(self, items: Sequence[tuple[str, bytes, float]]) -> None:
        if self.broken:
            raise KeyError("an error of its own kind")
        self.written |= {key for key, _, _ in items}
        await self.inner.mset(items)

    async def expire(self, *keys: str, ttl: float) -> None:
        await self.inner.expire(*keys, ttl=ttl)

    async def get(self, key: str) -> bytes | None:
        return await self.inner.get(key)

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return await self.inner.mget(keys)

    async def keys(self, prefix: str) -> list[str]:
        return await self.inner.keys(prefix)

    async def delete(self, keys: Sequence[str]) -> None:
        await self.inner.delete(keys)


@pytest.fixture
def store() -> Theirs:
    return Theirs()


@pytest.fixture
def ann(store: Theirs) -> SessionRegistry:
    return SessionRegistry(store, node_id="ann")


@pytest.fixture
def bob(store: Theirs) -> SessionRegistry:
    return SessionRegistry(store, node_id="bob")


async def test_sessions_are_seen_by_every_node(ann: SessionRegistry, bob: SessionRegistry) -> None:
    async with ann, bob:
        await ann.claim(ONE)
        await ann.claim(session("other", "lunch/one"))

        assert await bob.get("lunch", "one") == ONE
        assert await bob.get_for_call("lunch") == [ONE]
        assert len(await bob.list_sessions()) == 2
        await ann.release(ended(ONE))
        assert await bob.get("lunch", "one") is None
        assert await bob.ended("lunch", "one") == ended(ONE)


async def test_limits_hold_on_each_node_and_a_warning_says_so(
    ann: SessionRegistry, bob: SessionRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    await ann.claim(ONE, max_per_call=1)
    with pytest.raises(MaxSessionsPerCallExceeded):
        await ann.claim(TWO, max_per_call=1)
    await bob.claim(TWO, max_per_call=1)
    await ann.release(ended(ONE))
    await ann.claim(session("three"), max_per_call=1)

    warnings = [record.getMessage() for record in caplog.records]
    assert warnings == ["Limits per call hold on each node only with this store"] * 2


async def test_a_lost_session_comes_back_and_closing_is_told(
    store: Theirs, ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.claim(ONE)
    await bob.request_close("lunch", "one")
    assert (await ann.heartbeat([ONE])).close == {"one"}
    await store.delete(sorted(store.written))
    assert await bob.get("lunch", "one") is None

    await ann.heartbeat([ONE])
    assert await bob.get("lunch", "one") == ONE
    assert await bob.request_close("lunch", "two") is False
    assert await ann.get_close_requests({"one": "lunch"}) == ["one"]


async def test_a_dead_node_is_told_of(ann: SessionRegistry, bob: SessionRegistry) -> None:
    ann.heartbeat_interval(5)
    await ann.claim(ONE)
    await ann.advertise("http://ann")
    assert await bob.node("ann") == NodeInfo("ann", "http://ann")
    await asyncio.sleep(13)

    info = await bob.get("lunch", "one")
    assert info is not None
    assert info.reason is Reason.OWNER_LOST
    assert await bob.node("ann") is None
    assert await bob.request_close("lunch", "one") is True
    assert await bob.get("lunch", "one") is None


async def test_a_request_is_carried_out_once(ann: SessionRegistry, bob: SessionRegistry) -> None:
    assert await ann.begin_once("lunch", "key", "print") == New()
    assert await bob.begin_once("lunch", "key", "print") == InProgress()
    with pytest.raises(IdempotencyConflict):
        await bob.begin_once("lunch", "key", "another")
    await ann.finish_once("lunch", "key", b"\xff{}", 201)
    assert await bob.begin_once("lunch", "key", "print") == Done(b"\xff{}", 201)
    await ann.begin_once("lunch", "second", "print")
    await ann.abandon_once("lunch", "second")
    assert await bob.begin_once("lunch", "second", "print") == New()


async def test_what_cannot_be_read_is_skipped_and_counted(store: Theirs, ann: SessionRegistry) -> None:
    await ann.claim(ONE)
    await store.set("sessions/lunch/bad", b"\xff", 10)
    await store.set("sessions/lunch/odd", b'{"status": "dancing"}', 10)

    assert await ann.get_for_call("lunch") == [ONE]
    assert ann.unreadable_entries == 2


async def test_an_error_of_its_own_means_that_it_cannot_be_reached(
    store: Theirs, ann: SessionRegistry
) -> None:
    store.broken = True
    with pytest.raises(RegistryUnavailable, match="KeyError"):
        await ann.claim(ONE, max_per_call=1)
    store.broken = False
    await ann.claim(TWO, max_per_call=1)
