"""Both implementations of the atomic port do what the model says, step by step, whatever happens."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from typing import TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.core.launcher.registry.model import Model
from tests.real_redis import RedisServer

from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.port import (
    ClaimReply,
    Done,
    Entry,
    Found,
    OnceKey,
    Owner,
    RegistryStore,
    Renewal,
    Touch,
    Verdict,
)
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey

ReplyT = TypeVar("ReplyT")

OWNERS = (
    Owner(token="ann/1", node_id="ann", ttl=30, interval=5, url="http://ann"),
    Owner(token="bob%0A%2A/1", node_id="bob\n*", ttl=30, interval=10),
    Owner(token="cy/1", node_id="cy", ttl=12, interval=2),
)
CALLS = ("lunch", "a/b:{*}?[x]\n")
KEYS = [SessionKey(call, session) for call in CALLS for session in ("one", "two", "three/*")]
ONCE_KEYS = [OnceKey("lunch", "k"), OnceKey("lunch", "k" * 10_000), OnceKey(CALLS[1], "k")]
LIMITS = {CALLS[0]: 1, CALLS[1]: 2}

nodes = st.integers(0, len(OWNERS) - 1)
keys = st.sampled_from(KEYS)
once_keys = st.sampled_from(ONCE_KEYS)


class TwoStores(RuleBasedStateMachine):
    """Every step is done in memory, on Redis and by the model; whatever they tell must be the same."""

    server: RedisServer
    limited: bool

    def __init__(self) -> None:
        super().__init__()
        self.server.send("FLUSHALL")
        self.runner = asyncio.Runner()
        self.runner.get_loop()
        self.model = Model()
        self.memory = InMemorySessionKVStore()
        self.memory.lose_everything()  # as little is known of it as of an empty server
        self.redis = RedisSessionKVStore(url=self.server.url)
        self.memory._now_ms = lambda: self.model.now
        self.redis._now = lambda: str(self.model.now)
        self.stores: list[RegistryStore] = [self.memory, self.redis]
        self.owners = list(OWNERS)
        self.told = 0

    def teardown(self) -> None:
        self.runner.run(self.redis.close())
        self.runner.close()

    def same(self, steps: list[Awaitable[ReplyT]]) -> ReplyT:
        async def both() -> list[ReplyT]:
            return [await step for step in steps]

        in_memory, on_redis = self.runner.run(both())
        assert in_memory == on_redis
        return in_memory

    def info(self, node: int, key: SessionKey) -> SessionInfo:
        self.told += 1
        return SessionInfo(
            session_id=key.session_id,
            call_id=key.call_id,
            node_id=self.owners[node].node_id,
            started_at=1.5,
            detail=f"é{self.told // 3}",  # not always new, so that unchanged sessions are renewed too
        )

    def entry(self, node: int, key: SessionKey, *, free: bool) -> Entry:
        return Entry(self.info(node, key), None if free else LIMITS[key.call_id])

    def heard(self, node: int, touch: Touch) -> None:
        owner = self.owners[node]
        assert touch.epoch == self.model.epoch
        assert touch.lease_ms == self.model.nodes[owner.token].lease
        self.owners[node] = replace(
            owner, lease_known_ms=touch.lease_ms, slowest_ms=touch.slowest_ms, cut_off=False
        )

    @rule(node=nodes, key=keys, free=st.booleans())
    def claim(self, node: int, key: SessionKey, free: bool) -> None:
        entry = self.entry(node, key, free=free and not self.limited)
        reply: ClaimReply = self.same([store.claim(self.owners[node], entry) for store in self.stores])
        assert reply.verdict is self.model.claim(self.owners[node], entry)
        if reply.verdict is Verdict.RECOVERING:
            assert reply.retry_after_ms == self.model.recovering_until - self.model.now
        self.heard(node, reply.touch)

    @rule(node=nodes, chosen=st.lists(keys, unique=True), free=st.booleans())
    def renew(self, node: int, chosen: list[SessionKey], free: bool) -> None:
        entries = [self.entry(node, key, free=free and not self.limited) for key in chosen]
        reply: Renewal = self.same([store.renew(self.owners[node], entries) for store in self.stores])
        assert (reply.lost, reply.close) == self.model.renew(self.owners[node], entries)
        self.heard(node, reply.touch)

    @rule(node=nodes)
    def beat(self, node: int) -> None:
        """What a node does most of the time: renew exactly what it has."""
        token = self.owners[node].token
        mine = [key for key, slot in self.model.live().items() if slot.owner == token]
        self.renew(node, mine, free=False)

    @rule(node=nodes, chosen=st.lists(keys, unique=True, max_size=2))
    def release(self, node: int, chosen: list[SessionKey]) -> None:
        infos = [self.info(node, key) for key in chosen]
        self.same([store.release(self.owners[node], infos) for store in self.stores])
        self.model.release(self.owners[node], infos)

    @rule(key=keys)
    def ask_close(self, key: SessionKey) -> None:
        assert self.same([store.ask_close(key) for store in self.stores]) is self.model.ask_close(key)

    @rule(chosen=st.lists(keys, unique=True, max_size=2))
    def repeat_closes(self, chosen: list[SessionKey]) -> None:
        self.same([store.repeat_closes(chosen) for store in self.stores])
        self.model.repeat_closes(chosen)

    @rule(node=nodes)
    def read_commands(self, node: int) -> None:
        owner = self.owners[node]
        if self.model.commands.get(owner.token):
            commands = self.same([store.next_commands(owner) for store in self.stores])
            assert commands == self.model.commands.pop(owner.token)

    @rule(node=nodes, key=once_keys, fingerprint=st.sampled_from("fg"), attempt=st.sampled_from("ab"))
    def begin_once(self, node: int, key: OnceKey, fingerprint: str, attempt: str) -> None:
        owner = self.owners[node]
        begun = self.same(
            [store.begin_once(owner, key, fingerprint=fingerprint, attempt=attempt) for store in self.stores]
        )
        assert begun == self.model.begin_once(owner, key, fingerprint, attempt)

    @rule(node=nodes, key=once_keys, done=st.builds(Done, st.text().map(str.encode), st.integers(200, 599)))
    def finish_once(self, node: int, key: OnceKey, done: Done) -> None:
        self.same([store.finish_once(self.owners[node], key, done) for store in self.stores])
        self.model.finish_once(self.owners[node], key, done)

    @rule(node=nodes, key=once_keys)
    def abandon_once(self, node: int, key: OnceKey) -> None:
        self.same([store.abandon_once(self.owners[node], key) for store in self.stores])
        self.model.abandon_once(self.owners[node], key)

    @rule(ms=st.one_of(st.integers(1, 6000), st.integers(1, 120_000), st.just(5000), st.just(86_400_000)))
    def wait(self, ms: int) -> None:
        self.model.now += ms

    @rule(node=nodes)
    def cut_off(self, node: int) -> None:
        self.owners[node] = replace(self.owners[node], cut_off=True)

    @rule(node=nodes, cleanly=st.booleans())
    def restart(self, node: int, cleanly: bool) -> None:
        owner = self.owners[node]
        if cleanly:
            self.same([store.sign_off(owner) for store in self.stores])
            self.model.sign_off(owner)
        self.owners[node] = replace(OWNERS[node], token=f"{owner.token}+", cut_off=False)

    @rule()
    def lose_everything(self) -> None:
        self.server.send("FLUSHALL")
        self.memory.lose_everything()
        self.model = self.model.lose_everything()

    @rule()
    def look(self) -> None:
        live = self.model.live()
        for call in CALLS:
            found = self.same([listed(store.find_in_call(call)) for store in self.stores])
            slots = [slot for key, slot in live.items() if key.call_id == call]
            assert found == sorted_rows([Found(slot.info, self.model.silent(slot.owner)) for slot in slots])
        key = KEYS[self.model.now % len(KEYS)]
        assert self.same([store.find_ended(key) for store in self.stores]) == self.model.why_ended(key)
        assert self.same([store.asked_closes(KEYS) for store in self.stores]) == self.model.asked(KEYS)
        node = self.owners[self.model.now % len(OWNERS)].node_id
        info = self.same([store.find_node(node) for store in self.stores])
        assert (info and (info.node_id, info.url)) == self.model.node(node)

    @rule()
    def look_at_all(self) -> None:
        live = self.model.live()
        everything = self.same([listed(store.list_all(1000)) for store in self.stores])
        assert len(everything) == len(live)
        assert self.same([count(store.list_all(2)) for store in self.stores]) == min(2, len(live))
        key = KEYS[self.model.now % len(KEYS)]
        found = self.same([store.find(key) for store in self.stores])
        slot = live.get(key)
        assert found == (slot and Found(slot.info, self.model.silent(slot.owner)))

    @invariant()
    def limits_hold(self) -> None:
        if self.limited:
            counts = {call: sum(key.call_id == call for key in self.model.live()) for call in CALLS}
            assert all(count <= LIMITS[call] for call, count in counts.items())


async def listed(rows: Awaitable[list[Found]]) -> list[Found]:
    return sorted_rows(await rows)


def sorted_rows(rows: list[Found]) -> list[Found]:
    return sorted(rows, key=lambda found: found.info.session_id + found.info.call_id)


async def count(rows: Awaitable[list[Found]]) -> int:
    return len(await rows)


@pytest.fixture
def machine(redis_server: RedisServer) -> Iterator[type[TwoStores]]:
    TwoStores.server = redis_server
    yield TwoStores
    redis_server.heal()


def explore(machine: type[TwoStores], *, limited: bool, examples: int) -> None:
    machine.limited = limited
    run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.parametrize("limited", [True, False])
def test_memory_and_redis_do_what_the_model_says(machine: type[TwoStores], limited: bool) -> None:
    explore(machine, limited=limited, examples=60)


@pytest.fixture
def stores(machine: type[TwoStores]) -> Iterator[TwoStores]:
    machine.limited = True
    stores = machine()
    yield stores
    stores.teardown()


ONE, TWO, THREE = KEYS[:3]
ANN, BOB, CY = range(3)


def settle(stores: TwoStores) -> None:
    """Let the grace of an empty store pass."""
    for _ in range(7):
        stores.beat(ANN)
        stores.beat(BOB)
        stores.wait(4000)


def test_a_node_that_was_cut_off_protects_all_slots(stores: TwoStores) -> None:
    settle(stores)
    stores.claim(ANN, ONE, free=False)
    for _ in range(2):
        stores.wait(4000)
        stores.beat(BOB)
    stores.cut_off(BOB)
    stores.wait(8000)
    stores.claim(BOB, TWO, free=False)
    assert ONE in stores.model.live()
    for _ in range(6):
        stores.wait(4000)
        stores.beat(BOB)
    stores.claim(BOB, TWO, free=False)
    assert TWO in stores.model.live()


def test_the_first_of_two_dead_sessions_is_replaced(stores: TwoStores) -> None:
    settle(stores)
    *_, first, second, third = KEYS
    stores.claim(ANN, second, free=False)
    stores.claim(ANN, third, free=False)
    for _ in range(4):
        stores.wait(4000)
        stores.beat(BOB)
    stores.claim(BOB, first, free=False)
    assert set(stores.model.live()) == {first, max(second, third)}
    stores.look()
    stores.look_at_all()


def test_a_node_with_a_short_ttl_is_forgotten_with_the_last_one(stores: TwoStores) -> None:
    stores.beat(CY)
    stores.restart(CY, cleanly=True)
    stores.beat(ANN)
    epoch = stores.model.epoch
    stores.wait(6000)
    stores.beat(ANN)
    assert stores.model.epoch == epoch


def test_a_clock_that_goes_back_takes_no_lease_away(stores: TwoStores) -> None:
    stores.beat(ANN)
    stores.model.now -= 5000
    stores.beat(ANN)
    stores.look()


def test_an_old_incarnation_signs_off_after_the_new_one_came(stores: TwoStores) -> None:
    old = stores.owners[ANN]
    stores.beat(ANN)
    stores.restart(ANN, cleanly=False)
    stores.beat(ANN)
    stores.same([store.sign_off(old) for store in stores.stores])
    stores.model.sign_off(old)
    for _ in OWNERS:
        stores.look()
        stores.wait(1)
    assert stores.model.node("ann") is not None


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("limited", [True, False])
def test_memory_and_redis_do_what_the_model_says_for_long(machine: type[TwoStores], limited: bool) -> None:
    explore(machine, limited=limited, examples=3000)
