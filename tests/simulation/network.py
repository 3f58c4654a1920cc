"""The way from the nodes to their store: slow, cut, or dropping answers, each node's by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from tests.simulation.processes import WORLD

from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore

Applied = Callable[[str, tuple[Any, ...]], None]


class Network:
    """Carries steps to the store and answers back, in the world's time.

    Args:
        store: what all nodes share.
        dice: decides how long things take.
        on_applied: is told of each step that the store has taken.
    """

    def __init__(self, store: InMemorySessionKVStore, dice: random.Random, on_applied: Applied) -> None:
        self.store = store
        self.dice = dice
        self.on_applied = on_applied
        self.loop = asyncio.get_running_loop()
        self.slowness = 0.002
        self.down = False
        self.silent = False
        """Whether what is cut hangs, rather than failing at once."""
        self.waits: dict[asyncio.Task[Any], None] = {}

    def delay(self) -> float:
        return self.slowness * self.dice.uniform(0.2, 1.8)

    def later(self, call: Callable[..., object], *args: object) -> None:
        self.loop.call_later(self.delay(), call, *args, context=WORLD)

    def cut(self, *, down: bool, silent: bool = False) -> None:
        """Take the store away from everybody, or give it back."""
        self.down, self.silent = down, silent
        self.reset()

    def reset(self) -> None:
        """Break the connections on which nodes wait for commands."""
        for wait in list(self.waits):
            wait.cancel()


class Link:
    """One node's way to the store: has every method of the store's port."""

    unreadable_entries = 0

    def __init__(self, network: Network) -> None:
        self._network = network
        self.cut = False
        self.silent = False

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        async def call(*args: Any, **keywords: Any) -> Any:
            answer = self._network.loop.create_future()
            self._network.later(self._arrive, name, args, keywords, answer)
            return await answer

        return call

    def _arrive(
        self, name: str, args: tuple[Any, ...], keywords: dict[str, Any], answer: asyncio.Future[Any]
    ) -> None:
        if self._is_cut(answer):
            return
        step = getattr(self._network.store, name)(*args, **keywords)
        if name == "next_commands":
            self._wait(step, answer)
            return
        try:
            step.send(None)
        except StopIteration as end:
            self._network.on_applied(name, args)
            self._network.later(self._return, answer, end.value)
        else:
            raise AssertionError(f"{name} is not one step")

    def _wait(self, step: Coroutine[Any, Any, Any], answer: asyncio.Future[Any]) -> None:
        """Wait for commands on behalf of a node; who went away gets none."""
        network = self._network
        wait = network.loop.create_task(step, context=WORLD)
        network.waits[wait] = None

        def done(_: asyncio.Task[Any]) -> None:
            network.waits.pop(wait, None)
            if wait.cancelled():
                _settle(answer, ConnectionResetError())
            else:
                network.later(self._return, answer, wait.result())

        wait.add_done_callback(done, context=WORLD)
        answer.add_done_callback(lambda _: wait.cancel(), context=WORLD)

    def _return(self, answer: asyncio.Future[Any], value: object) -> None:
        if not self._is_cut(answer) and not answer.done():
            answer.set_result(value)

    def _is_cut(self, answer: asyncio.Future[Any]) -> bool:
        if not (self.cut or self._network.down):
            return False
        if not (self.silent or self._network.silent):
            _settle(answer, ConnectionRefusedError())
        return True


def _settle(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
