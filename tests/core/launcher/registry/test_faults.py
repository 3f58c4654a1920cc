"""Nodes that die, pause or are cut off, and stores that lose their data: who owns what, and for how long."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from tests.core.launcher.registry.scene import Cluster, Line, Node, ended, listening, living, seen

from vision_agents.core.errors import MaxSessionsPerCallExceeded, RegistryRecovering, RegistryUnavailable
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import Close
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.types.status import Reason, SessionStatus

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


async def test_a_dead_nodes_sessions_are_told_of_as_lost_and_vanish(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(bob):
        await ann.claim("one")
        await ann.beat()
        await asyncio.sleep(12)
        assert await seen(bob, "one") == (SessionStatus.ACTIVE, None)
        await asyncio.sleep(1)
        assert await seen(bob, "one") == (SessionStatus.ACTIVE, Reason.OWNER_LOST)
        await asyncio.sleep(16.9)
        assert await seen(bob, "one") is not None
        await asyncio.sleep(0.2)
        assert await seen(bob, "one") is None


async def test_a_dead_nodes_session_is_replaced_after_its_lease_and_not_before(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(bob):
        await ann.claim("one", limit=1)
        await asyncio.sleep(14.9)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await bob.claim("two", limit=1)
        await asyncio.sleep(0.2)
        await bob.claim("two", limit=1)

        assert [info.session_id for info in await bob.registry.get_for_call("lunch")] == ["two"]
        gone = await bob.registry.ended("lunch", "one")
        assert gone is not None
        assert (gone.status, gone.reason) == (SessionStatus.FAILED, Reason.OWNER_LOST)


async def test_a_dead_nodes_session_is_removed_at_once_on_request(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(bob):
        await ann.claim("one", limit=1)
        await asyncio.sleep(13)
        assert await bob.registry.request_close("lunch", "one") is True

        assert await seen(bob, "one") is None
        await bob.claim("two", limit=1)
        await ann.beat()  # it was only paused, and learns both
        assert (ann.left, ann.closed) == ({"one"}, {"one"})


async def test_a_paused_node_finds_its_slot_taken_and_leaves(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one", limit=1)
        await ann.claim("free")
        ann.awake.clear()
        await asyncio.sleep(40)
        await bob.claim("two", limit=1)
        ann.awake.set()
        await asyncio.sleep(5.1)

        assert ann.left == {"one"}
        assert await seen(bob, "two") == (SessionStatus.ACTIVE, None)
        assert await seen(bob, "free") == (SessionStatus.ACTIVE, None)
        assert len(await bob.registry.get_for_call("lunch")) == 2


async def test_a_paused_node_whose_slot_is_free_goes_on(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one", limit=1)
        ann.awake.clear()
        await asyncio.sleep(40)
        assert await seen(bob, "one") is None
        ann.awake.set()
        await asyncio.sleep(5.1)

        assert ann.left == set()
        assert await seen(bob, "one") == (SessionStatus.ACTIVE, None)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await bob.claim("two", limit=1)


async def test_a_store_that_lost_its_data_has_every_session_again_within_a_cycle(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one", limit=1)
        await bob.claim("two", "dinner")
        await asyncio.sleep(17)
        cluster.store.lose_everything()
        assert await ann.registry.list_sessions() == []
        await asyncio.sleep(5.1)

        assert [info.session_id for info in await ann.registry.list_sessions()] == ["one", "two"]
        assert await ann.registry.request_close("dinner", "two") is True


async def test_a_store_that_lost_its_data_grants_no_limited_claim_until_all_had_two_chances(
    cluster: Cluster,
) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one", limit=1)
        await asyncio.sleep(17)
        cluster.store.lose_everything()
        with pytest.raises(RegistryRecovering, match="may be missing") as caught:
            await bob.claim("two", limit=1)
        await bob.claim("free", call_id="dinner")  # without a limit there is nothing to wait for

        assert caught.value.retry_after == 11.0
        await asyncio.sleep(10)
        with pytest.raises(RegistryRecovering):
            await bob.claim("two", "breakfast", limit=1)
        await asyncio.sleep(7)
        await bob.claim("two", "breakfast", limit=1)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await bob.claim("three", limit=1)


async def test_a_node_that_is_new_cannot_hide_the_loss(cluster: Cluster) -> None:
    ann = cluster.ann
    await ann.claim("one", limit=1)
    cluster.store.lose_everything()
    async with SessionRegistry(Line(cluster.store).port, node_id="new") as fresh:
        new = Node(fresh)
        with pytest.raises(RegistryRecovering):
            await new.claim("two", limit=1)
        await ann.beat()
        with pytest.raises(RegistryRecovering):
            await new.claim("two", limit=1)


async def test_the_slowest_node_that_is_known_gets_two_chances_too(cluster: Cluster) -> None:
    ann = cluster.ann
    slow = Node(SessionRegistry(Line(cluster.store).port, node_id="slow"), interval=10)
    async with living(ann, slow):
        await slow.claim("one", limit=1)
        await asyncio.sleep(28)  # just before the slow node beats, and after ann learned of it
        cluster.store.lose_everything()
        with pytest.raises(RegistryRecovering) as caught:
            await ann.claim("two", limit=1)

    assert caught.value.retry_after == 22.0


async def test_a_store_set_back_to_an_older_state_is_noticed(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    await ann.beat()
    await bob.beat()
    older = _copy(cluster.store)
    await asyncio.sleep(1)
    await ann.claim("one", limit=1)
    older()  # as a failover to a replica that lagged behind

    await ann.beat()
    with pytest.raises(RegistryRecovering):
        await bob.claim("two", "dinner", limit=1)


def _copy(store: InMemorySessionKVStore) -> Callable[[], None]:
    tables = deepcopy(store._tables)

    def put_back() -> None:
        store._tables = tables

    return put_back


async def test_an_outage_does_not_cost_a_running_session_its_slot(cluster: Cluster) -> None:
    """Longer than the lease, shorter than the sessions' time to live; the other node is back first."""
    ann, bob = cluster.ann, cluster.bob
    await ann.claim("one", limit=1)
    await bob.beat()
    cluster.cut()
    await asyncio.sleep(16)
    cluster.restore()
    with pytest.raises(RegistryUnavailable):
        await bob.claim("two", limit=1)
    await bob.beat()
    with pytest.raises(RegistryRecovering):
        await bob.claim("two", limit=1)
    await asyncio.sleep(5)
    await ann.beat()

    assert ann.left == set()
    assert await seen(bob, "one") == (SessionStatus.ACTIVE, None)


async def test_a_short_outage_that_one_node_noticed_keeps_slots_too(cluster: Cluster) -> None:
    """Too short for the epoch: what one node says of it protects the sessions of the others."""
    ann, bob = cluster.ann, cluster.bob
    await ann.claim("one", limit=1)
    await asyncio.sleep(4.9)
    await bob.beat()
    cluster.cut()
    with pytest.raises(RegistryUnavailable):
        await bob.beat()
    await asyncio.sleep(10.2)
    cluster.restore()
    await bob.beat()
    with pytest.raises(MaxSessionsPerCallExceeded):  # though ann's lease has run out
        await bob.claim("two", limit=1)
    await ann.beat()

    assert ann.left == set()


async def test_no_session_is_visible_twice_after_a_long_outage(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one", limit=1)
        cluster.cut()
        await asyncio.sleep(200)
        with pytest.raises(RegistryUnavailable) as caught:
            await bob.claim("two", limit=1)
        assert caught.value.retry_after > 0
        assert not bob.registry.available
        cluster.restore()
        await asyncio.sleep(6)

        assert bob.registry.available
        assert await seen(bob, "one") == (SessionStatus.ACTIVE, None)
        with pytest.raises(RegistryRecovering):
            await bob.claim("two", "dinner", limit=1)
        await asyncio.sleep(12)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await bob.claim("two", limit=1)
        await bob.claim("two", "dinner", limit=1)


async def test_an_accepted_request_to_close_outlives_the_stores_data(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    await ann.claim("one")
    await ann.beat()
    await bob.beat()
    assert await bob.registry.request_close("lunch", "one") is True
    cluster.store.lose_everything()
    await ann.beat()
    assert ann.closed == set()
    await bob.beat()
    await ann.beat()

    assert ann.closed == {"one"}
    assert await seen(bob, "one") is None


async def test_an_accepted_request_to_close_waits_for_a_paused_node(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    async with living(ann, bob):
        await ann.claim("one")
        ann.awake.clear()
        assert await bob.registry.request_close("lunch", "one") is True
        await asyncio.sleep(3600)
        ann.awake.set()
        await asyncio.sleep(5.1)

        assert ann.closed == {"one"}


async def test_an_end_that_the_store_did_not_hear_is_told_later(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    await ann.claim("one", limit=1)
    cluster.lines[0].cut = True
    await ann.registry.release(ended(ann.sessions.pop("one"), Reason.HANGUP))
    assert await seen(bob, "one") == (SessionStatus.ACTIVE, None)
    cluster.lines[0].cut = False
    await ann.beat()

    info = await bob.registry.ended("lunch", "one")
    assert info is not None
    assert info.reason is Reason.HANGUP
    await bob.claim("two", limit=1)


async def test_a_claim_that_may_have_been_granted_leaves_nothing_behind(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store granted it, but its answer was lost."""
    ann, bob = cluster.ann, cluster.bob
    claim = cluster.store.claim

    async def deaf(*arguments: Any) -> None:
        await claim(*arguments)
        raise ConnectionError("no answer")

    monkeypatch.setattr(cluster.store, "claim", deaf)
    with pytest.raises(RegistryUnavailable):
        await ann.claim("one", limit=1)
    monkeypatch.undo()
    assert len(await bob.registry.get_for_call("lunch")) == 1
    await ann.beat()

    assert await bob.registry.get_for_call("lunch") == []
    await ann.claim("one", "dinner", limit=1)
    await ann.beat()
    assert await seen(bob, "one", "dinner") is not None


async def test_a_claim_that_is_tried_again_keeps_its_slot(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, answers = cluster.store.claim, [True]

    async def deaf_once(*arguments: Any) -> object:
        reply = await claim(*arguments)
        if answers:
            answers.pop()
            raise ConnectionError("no answer")
        return reply

    monkeypatch.setattr(cluster.store, "claim", deaf_once)
    await cluster.ann.claim("one", limit=1)

    assert await seen(cluster.bob, "one") is not None


async def test_commands_come_again_after_an_outage(cluster: Cluster) -> None:
    ann, bob = cluster.ann, cluster.bob
    await ann.claim("one")
    cluster.lines[0].cut = True
    async with listening(ann.registry) as commands:
        waiting = asyncio.gather(anext(commands))
        await asyncio.sleep(10)
        await bob.registry.request_close("lunch", "one")
        cluster.lines[0].cut = False

        assert await waiting == [Close("lunch", "one")]


async def test_a_node_does_not_start_without_its_store(cluster: Cluster) -> None:
    cluster.cut()
    with pytest.raises(RegistryUnavailable):
        await cluster.ann.registry.start()
    cluster.restore()
    async with cluster.ann.registry:
        assert cluster.ann.registry.available


async def test_a_node_stops_without_its_store(cluster: Cluster) -> None:
    async with cluster.ann.registry:
        cluster.cut()
    cluster.restore()

    async with cluster.bob.registry:
        assert await cluster.bob.registry.node("ann") is None  # its lease went with the store's data
