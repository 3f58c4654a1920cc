"""One seed's story: what users ask for, and what goes wrong, by dice."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from tests.simulation.checks import Checks
from tests.simulation.cluster import Ledger, Node, Sizes
from tests.simulation.network import Network
from tests.simulation.processes import WORLD

from vision_agents.core.errors import LaunchError, SessionClosed
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore

LIFE = 300.0
"""Seconds of cluster life."""

_SETTLE = 75.0
"""Seconds at the end without faults: whatever is left wrong then stays wrong."""

_QUIET = 15.0
"""Seconds at the very end in which nobody asks for anything."""

_SIZES = ((5.0, 30.0), (5.0, 30.0), (2.0, 12.0), (10.0, 30.0), (20.0, 30.0), (1.0, 30.0))
_CALLS = 4


class Scenario:
    """Plays one seed."""

    def __init__(self, seed: int, *, life: float = LIFE) -> None:
        self.dice = random.Random(seed)
        self.life = life
        self.loop = asyncio.get_running_loop()
        interval, ttl = self.dice.choice(_SIZES)
        self.sizes = Sizes(interval, ttl, self.dice.choice((1, 1, 1, 2, 3)))
        self.ledger = Ledger()
        self.checks = Checks(self.sizes, self.ledger)
        self.network = Network(InMemorySessionKVStore(), self.dice, self.checks.store_changed)
        self.nodes: list[Node] = []
        self.story: list[str] = []
        self.started = 0
        self._count = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def play(self) -> None:
        self.checks.attach(self.network, self.nodes)
        for _ in range(3):
            self._add_node()
        await asyncio.sleep(1)
        self._spawn(self._users())
        self._spawn(self._troubles())
        for _ in range(int(self.life + _SETTLE)):
            await asyncio.sleep(1)
            self.checks.look()
        await self._check_the_end()

    # What users do

    async def _users(self) -> None:
        end = self.life + _SETTLE - _QUIET
        while self.loop.time() < end:
            await asyncio.sleep(self.dice.expovariate(1 / 4.0))
            nodes = [node for node in self.nodes if node.up]
            if not nodes:
                continue
            node = self.dice.choice(nodes)
            if self.dice.random() < 0.6:
                self._start(node, f"call-{self.dice.randrange(_CALLS)}")
            elif self.ledger.present:
                self._close(node, self.dice.choice(list(self.ledger.present)))

    async def _rush(self) -> None:
        """Many want in while something is wrong, or has just been."""
        await asyncio.sleep(self.dice.choice((0.0, self.sizes.ttl / 2, self.sizes.ttl)) * self.dice.random())
        for _ in range(12):
            await asyncio.sleep(self.dice.uniform(0, self.sizes.beat / 4))
            if nodes := [node for node in self.nodes if node.up]:
                self._start(self.dice.choice(nodes), f"call-{self.dice.randrange(_CALLS)}")

    def _start(self, node: Node, call_id: str) -> None:
        self._count += 1
        start = self._in(node, self._start_session(node, call_id, f"s{self._count}"))
        if self.dice.random() < 0.15:  # whoever asked goes away
            self.loop.call_later(self.dice.choice((0.002, 0.005, 0.5)), start.cancel, context=WORLD)

    async def _start_session(self, node: Node, call_id: str, session_id: str) -> bool:
        try:
            await node.launcher.start_session(call_id, session_id=session_id)
        except (LaunchError, SessionClosed):
            return False
        self.started += 1
        return True

    def _close(self, node: Node, session_id: str) -> None:
        visit = self.ledger.present[session_id]

        async def close() -> None:
            try:
                accepted = await node.launcher.request_close_session(visit.call_id, session_id)
            except LaunchError:
                return
            if accepted:
                self.checks.close_accepted(node, visit)

        self._in(node, close())

    # What goes wrong

    async def _troubles(self) -> None:
        troubles: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
            self._outage,
            self._flapping,
            self._partition,
            self._pause,
            self._flush,
            self._slowness,
            self._kill,
            self._redeploy,
        )
        end = self.loop.time() + self.life
        while True:
            pause = self.dice.expovariate(1 / 20.0)
            if self.loop.time() + pause > end:
                break
            await asyncio.sleep(pause)
            trouble = self.dice.choice(troubles)
            self._spawn(trouble())
            if self.dice.random() < 0.7:
                self._spawn(self._rush())
        await asyncio.sleep(end - self.loop.time())

    def _how_long(self) -> float:
        """Now and then longer than any lease; never beyond the end."""
        longest = self.sizes.ttl * self.dice.choice((0.1, 0.4, 0.7, 1.5))
        return min(self.dice.uniform(0.1, longest), max(0.0, self.life - self.loop.time()))

    async def _for_all(self, kind: str, seconds: float) -> None:
        for node in self.nodes:
            node.trouble(kind)
        await asyncio.sleep(seconds)
        for node in self.nodes:
            if kind in node.troubles:
                node.relief(kind)

    async def _outage(self) -> None:
        if self.network.down:
            return
        seconds, silent = self._how_long(), self.dice.random() < 0.5
        self._tell(f"the store is {'silent' if silent else 'down'} for {seconds:.1f} s")
        self.network.cut(down=True, silent=silent)
        if self.dice.random() < 0.3:
            self._lose_data()
        await self._for_all("outage", seconds)
        self.network.cut(down=False)

    async def _flapping(self) -> None:
        """The store comes and goes, as one that is killed again and again."""
        if self.network.down:
            return
        self._tell("the store flaps")
        for _ in range(self.dice.randrange(2, 6)):
            self.network.cut(down=True, silent=self.dice.random() < 0.3)
            if self.dice.random() < 0.5:
                self._lose_data()
            await self._for_all("outage", min(self._how_long(), self.sizes.beat * self.dice.random()))
            self.network.cut(down=False)
            await asyncio.sleep(self.sizes.beat * self.dice.random() * 2)

    async def _partition(self) -> None:
        node = self._any_node()
        if node is None or node.link.cut:
            return
        seconds = self._how_long()
        self._tell(f"{node.name} is cut off for {seconds:.1f} s")
        node.trouble("partition")
        node.link.cut, node.link.silent = True, self.dice.random() < 0.5
        self.network.reset()
        if self.dice.random() < 0.3:
            self._spawn(self._close_behind(node))
        await asyncio.sleep(seconds)
        node.link.cut = not node.alive
        self.network.reset()
        node.relief("partition")

    async def _close_behind(self, away: Node) -> None:
        """Close a session of a node that cannot hear of it, and lose what the store knows of that."""
        others = [node for node in self.nodes if node.up and node is not away]
        if others and (visits := self.ledger.of(away)):
            self._close(self.dice.choice(others), self.dice.choice(visits).session_id)
            await asyncio.sleep(self.dice.random())
            await self._flush()

    async def _pause(self) -> None:
        node = self._any_node()
        if node is None or node.process.stopped:
            return
        seconds = self._how_long()
        self._tell(f"{node.name} is stopped for {seconds:.1f} s")
        node.trouble("pause")
        node.process.stop()
        await asyncio.sleep(seconds)
        if node.alive:
            node.relief("pause")
            node.process.go_on(self.loop)

    async def _flush(self) -> None:
        self._tell("the store loses its data")
        self._lose_data()

    def _lose_data(self) -> None:
        self.network.store.lose_everything()
        self.network.reset()
        for node in self.nodes:
            node.relief("flush")

    async def _slowness(self) -> None:
        if self.network.slowness > 0.01:
            return
        seconds, self.network.slowness = self._how_long(), self.dice.choice((0.02, 0.2, 0.7))
        self._tell(f"the store takes {self.network.slowness:g} s for {seconds:.1f} s")
        # When it takes longer than a step may, some nodes get through and others do not.
        await self._for_all("crawl" if self.network.slowness > 0.5 else "slowness", seconds)
        self.network.slowness = 0.002

    async def _kill(self) -> None:
        node = self._any_node()
        if node is None or sum(node.alive for node in self.nodes) < 3:
            return
        self._tell(f"{node.name} is killed")
        node.kill()
        await asyncio.sleep(self.dice.uniform(0, 20))
        self._add_node(node.name if self.dice.random() < 0.5 else "")

    async def _redeploy(self) -> None:
        node = self._any_node()
        if node is None or node.process.stopped or sum(node.alive for node in self.nodes) < 3:
            return
        self._tell(f"{node.name} is redeployed")
        node.leaving = True
        stop = self._in(node, node.launcher.drain(self.dice.choice((0.0, 5.0, 18.0))))
        await asyncio.wait([stop])
        node.alive = False
        self._add_node()

    # The stage

    def _add_node(self, name: str = "") -> None:
        self._count += 1
        node = Node(name or f"node-{self._count}", self.network, self.ledger, self.sizes)
        if self.network.down:
            node.trouble("outage")
        if self.network.slowness > 0.01:
            node.trouble("crawl" if self.network.slowness > 0.5 else "slowness")
        self.nodes.append(node)
        self._in(node, self._start_node(node))

    async def _start_node(self, node: Node) -> None:
        while True:
            try:
                await node.launcher.start()
                break
            except LaunchError:  # as whoever watches the process would
                await asyncio.sleep(1)
        node.relief("starting")

    def _any_node(self) -> Node | None:
        nodes = [node for node in self.nodes if node.up]
        return self.dice.choice(nodes) if nodes else None

    async def _check_the_end(self) -> None:
        """All is well again: what is listed is what there is, and calls with room take sessions."""
        self.checks.look_at_the_end()
        node = self._any_node()
        if node is None:
            self.checks.fail("no node is up")
            return
        if not await self._start_session(node, "fresh", "fresh"):
            self.checks.fail("a call without sessions takes none")

    def _tell(self, what: str) -> None:
        self.story.append(f"{self.loop.time():8.2f} {what}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._keep(self.loop.create_task(work, context=WORLD))

    def _in(self, node: Node, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self._keep(node.process.start(self.loop, work))

    def _keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._tasks.add(task)
        task.add_done_callback(self._done, context=WORLD)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.checks.fail(f"an error nobody expected: {error!r}")

    async def clear(self) -> None:
        """Let every process end, so that nothing of it is left on the loop."""
        for node in self.nodes:
            node.alive = True  # so that its agents leave
            node.process.go_on(self.loop)
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)


def deterministic_ids(dice: random.Random) -> Callable[[], uuid.UUID]:
    return lambda: uuid.UUID(int=dice.getrandbits(128), version=4)
