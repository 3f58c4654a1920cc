"""What a node and whoever asks about sessions can rely on, with a store in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.core.launcher.registry.scene import ended, listening, session

from vision_agents.core.errors import IdempotencyConflict, MaxSessionsPerCallExceeded
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import Close, Done, InProgress, New, NodeInfo
from vision_agents.core.launcher.registry.registry import Heartbeat, SessionRegistry
from vision_agents.core.types.status import Reason, SessionStatus

pytestmark = pytest.mark.virtual_time

ONE = session("one")
TWO = replace(session("two"), started_at=2.0)
NOTHING = Heartbeat(frozenset(), frozenset())


@pytest.fixture
def store() -> InMemorySessionKVStore:
    return InMemorySessionKVStore()


@pytest.fixture
def ann(store: InMemorySessionKVStore) -> SessionRegistry:
    return SessionRegistry(store, node_id="ann")


@pytest.fixture
def bob(store: InMemorySessionKVStore) -> SessionRegistry:
    return SessionRegistry(store, node_id="bob")


async def test_what_was_claimed_is_seen_by_every_node_until_it_is_released(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.claim(TWO)
    await ann.claim(ONE)

    assert await bob.get("lunch", "one") == ONE
    assert await bob.get("dinner", "one") is None
    assert await bob.get_for_call("lunch") == [ONE, TWO]
    assert await bob.get_for_call("dinner") == []
    assert await bob.list_sessions() == [ONE, TWO]
    assert len(await bob.list_sessions(limit=1)) == 1

    await ann.release(ended(ONE))
    await ann.release(ended(ONE))
    assert await bob.get("lunch", "one") is None
    assert await bob.get_for_call("lunch") == [TWO]


async def test_a_full_call_refuses_and_stays_as_it_was(ann: SessionRegistry, bob: SessionRegistry) -> None:
    await ann.claim(ONE, max_per_call=1)

    with pytest.raises(MaxSessionsPerCallExceeded, match="Call lunch already has 1 sessions"):
        await bob.claim(TWO, max_per_call=1)
    await bob.claim(replace(TWO, call_id="dinner"), max_per_call=1)
    await bob.claim(replace(TWO, session_id="three"))  # without a limit

    assert [info.session_id for info in await ann.get_for_call("lunch")] == ["one", "three"]


async def test_as_many_claims_at_once_succeed_as_there_are_slots(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    claims = [
        node.claim(session(f"{node.node_id}{number}"), max_per_call=3)
        for number in range(6)
        for node in (ann, bob)
    ]
    results = await asyncio.gather(*claims, return_exceptions=True)

    assert results.count(None) == 3
    assert len(await ann.get_for_call("lunch")) == 3


async def test_an_ended_session_is_told_of_for_a_minute(ann: SessionRegistry, bob: SessionRegistry) -> None:
    await ann.claim(ONE)
    assert await bob.ended("lunch", "one") is None
    await ann.release(ended(ONE, Reason.HANGUP))

    assert await bob.ended("lunch", "one") == ended(ONE, Reason.HANGUP)
    await asyncio.sleep(59)
    assert await bob.ended("lunch", "one") is not None
    await asyncio.sleep(2)
    assert await bob.ended("lunch", "one") is None


async def test_a_heartbeat_tells_the_new_status_and_metrics(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.claim(replace(ONE, status=SessionStatus.STARTING))
    now = replace(ONE, metrics={"turns": 2})

    assert await ann.heartbeat([now]) == NOTHING
    assert await bob.get("lunch", "one") == now


async def test_a_heartbeat_without_sessions_is_one(ann: SessionRegistry, bob: SessionRegistry) -> None:
    await ann.advertise("http://ann:8000")
    for _ in range(10):
        await asyncio.sleep(5)
        await ann.heartbeat([])

    assert await bob.node("ann") == NodeInfo("ann", "http://ann:8000")
    assert await bob.node("carl") is None
    await asyncio.sleep(16)
    assert await bob.node("ann") is None


async def test_a_request_to_close_is_told_until_the_session_has_ended(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.claim(ONE)
    await ann.claim(TWO)
    assert await bob.request_close("lunch", "one") is True

    for _ in range(20):
        assert await ann.heartbeat([ONE, TWO]) == Heartbeat(frozenset(), frozenset({"one"}))
        await asyncio.sleep(10)
    await ann.release(ended(ONE))
    assert await ann.heartbeat([TWO]) == NOTHING


async def test_unknown_and_ended_sessions_cannot_be_asked_to_close(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.claim(ONE)
    await ann.release(ended(ONE))

    assert await bob.request_close("lunch", "one") is False
    assert await bob.request_close("lunch", "two") is False


async def test_an_ended_session_does_not_come_back_with_a_late_heartbeat(ann: SessionRegistry) -> None:
    await ann.claim(ONE)
    await ann.release(ended(ONE))

    assert await ann.heartbeat([ONE]) == Heartbeat(frozenset({"one"}), frozenset())
    assert await ann.get_for_call("lunch") == []


async def test_a_request_to_close_is_pushed_to_its_node(ann: SessionRegistry, bob: SessionRegistry) -> None:
    await ann.claim(ONE)
    await bob.claim(TWO)
    async with listening(ann) as commands:
        waiting = asyncio.gather(anext(commands))
        await asyncio.sleep(1)
        await bob.request_close("lunch", "two")
        await bob.request_close("lunch", "one")

        assert await waiting == [Close("lunch", "one")]


async def test_a_request_is_carried_out_once(ann: SessionRegistry, bob: SessionRegistry) -> None:
    assert await ann.begin_once("lunch", "key", "print") == New()
    assert await bob.begin_once("lunch", "key", "print") == InProgress()
    assert await bob.begin_once("dinner", "key", "print") == New()
    with pytest.raises(IdempotencyConflict, match="use a new one"):
        await bob.begin_once("lunch", "key", "another")

    await ann.finish_once("lunch", "key", b"{}", 201)
    assert await bob.begin_once("lunch", "key", "print") == Done(b"{}", 201)
    await asyncio.sleep(24 * 60 * 60 + 1)
    assert await bob.begin_once("lunch", "key", "another") == New()


async def test_a_request_that_was_abandoned_or_whose_node_died_can_be_begun_again(
    ann: SessionRegistry, bob: SessionRegistry
) -> None:
    await ann.begin_once("lunch", "key", "print")
    await bob.abandon_once("lunch", "key")  # not its own
    assert await bob.begin_once("lunch", "key", "print") == InProgress()
    await ann.abandon_once("lunch", "key")
    assert await ann.begin_once("lunch", "key", "print") == New()

    await asyncio.sleep(15.1)
    assert await bob.begin_once("lunch", "key", "print") == New()


async def test_the_documented_methods(ann: SessionRegistry, bob: SessionRegistry) -> None:
    await ann.register("lunch", "one")
    await ann.update_metrics("lunch", "one", {"turns": 3})
    await ann.update_metrics("lunch", "two", {"turns": 3})
    info = await bob.get("lunch", "one")

    assert info is not None
    assert (info.node_id, info.status, info.metrics) == ("ann", SessionStatus.ACTIVE, {"turns": 3})
    assert info.metrics_updated_at is not None
    assert info.metrics_updated_at >= info.started_at > 1_700_000_000
    assert await bob.get_for_call("lunch") == [info]

    await bob.request_close("lunch", "one")
    assert await ann.get_close_requests({}) == []
    assert await ann.get_close_requests({"two": "lunch", "one": "lunch"}) == ["one"]
    await ann.remove("lunch", "one")
    await ann.remove("lunch", "one")
    assert await ann.get("lunch", "one") is None


async def test_a_store_keeps_its_data_until_its_last_registry_leaves(store: InMemorySessionKVStore) -> None:
    async with SessionRegistry(store) as bob:
        async with SessionRegistry(store) as ann:
            await ann.claim(ONE)
        assert await bob.get("lunch", "one") is not None
    assert await bob.get("lunch", "one") is None


async def test_a_registry_of_one_node_starts_at_once_and_again(store: InMemorySessionKVStore) -> None:
    for _ in range(3):
        async with SessionRegistry(store) as ann:
            await ann.claim(ONE, max_per_call=1)
            await ann.release(ended(ONE))
        await asyncio.sleep(100)


async def test_a_node_that_starts_again_is_another_owner(store: InMemorySessionKVStore) -> None:
    ann = SessionRegistry(store, node_id="ann")
    async with ann, SessionRegistry(store):
        await ann.claim(ONE)
        async with SessionRegistry(store, node_id="ann") as again:
            heartbeat = await again.heartbeat([ONE])

    assert heartbeat.lost == {"one"}


def test_names_and_times() -> None:
    assert SessionRegistry(node_id="kitchen").node_id == "kitchen"
    assert SessionRegistry().node_id != SessionRegistry().node_id
    assert SessionRegistry().ttl == 30.0
    with pytest.raises(ValueError, match="ttl must be > 0, not 0"):
        SessionRegistry(ttl=0)
    with pytest.raises(ValueError, match="ttl must be > 0, not nan"):
        SessionRegistry(ttl=float("nan"))


@pytest.mark.parametrize(("ttl", "interval", "beats"), [(30, 5, 5), (30, 60, 10), (3, 5, 1), (0.3, 5, 0.1)])
async def test_heartbeats_follow_the_smaller_of_interval_and_a_third_of_the_ttl(
    ttl: float, interval: float, beats: float
) -> None:
    registry = SessionRegistry(ttl=ttl)
    assert registry.heartbeat_interval(interval) == pytest.approx(beats)

    await registry.claim(ONE, max_per_call=1)
    for _ in range(20):
        await asyncio.sleep(beats)
        assert await registry.heartbeat([ONE]) == NOTHING
        info = await registry.get("lunch", "one")
        assert info is not None
        assert info.reason is None
    with pytest.raises(MaxSessionsPerCallExceeded):
        await registry.claim(TWO, max_per_call=1)
