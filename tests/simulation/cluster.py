"""Three nodes, each a launcher with its registry, and who is in which call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from tests.simulation.network import Link, Network
from tests.simulation.processes import Process

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.port import RegistryStore
from vision_agents.core.launcher.registry.registry import SessionRegistry

_SHAKING = {"pause", "partition", "crawl"}
"""Troubles that single nodes have: one that hits all nodes must not make room for anybody."""


@dataclass(frozen=True)
class Sizes:
    """What a cluster is set to."""

    interval: float
    ttl: float
    limit: int

    @property
    def beat(self) -> float:
        return min(self.interval, self.ttl / 3)


@dataclass(eq=False)
class Visit:
    """One agent in one call."""

    call_id: str
    session_id: str
    node: Node
    since: float


@dataclass
class Ledger:
    """Who is in which call now, kept by the agents' own entry point."""

    present: dict[str, Visit] = field(default_factory=dict[str, Visit])

    def of(self, node: Node) -> list[Visit]:
        return [visit for visit in self.present.values() if visit.node is node]


class Node:
    """A process with a launcher."""

    def __init__(self, name: str, network: Network, ledger: Ledger, sizes: Sizes, **settings: Any) -> None:
        self.name = name
        self.process = Process(name)
        self.link = Link(network)
        self.alive = True
        self.leaving = False
        self.troubles: set[str] = {"starting"}
        self.well_since = 0.0
        self.shaken = False
        """Whether others may have taken its slots without its knowing yet: it was stopped or cut off."""
        self._ledger = ledger
        self._loop = network.loop
        self.launcher = self.process.context.run(self._new_launcher, sizes, settings)

    def _new_launcher(self, sizes: Sizes, settings: dict[str, Any]) -> AgentLauncher:
        registry = SessionRegistry(cast("RegistryStore", self.link), node_id=self.name, ttl=sizes.ttl)
        return AgentLauncher(
            Agent,
            self._join_call,
            agent_idle_timeout=0,
            max_sessions_per_call=sizes.limit,
            maintenance_interval=sizes.interval,
            registry=registry,
            **settings,
        )

    async def _join_call(self, agent: Agent, call_type: str, call_id: str) -> None:
        visit = Visit(call_id, agent.id, self, self._loop.time())
        self._ledger.present[agent.id] = visit
        try:
            await asyncio.Event().wait()
        finally:
            if self.alive:
                self._ledger.present.pop(agent.id, None)

    @property
    def up(self) -> bool:
        return self.alive and not self.leaving and self.launcher.running

    def trouble(self, kind: str) -> None:
        self.troubles.add(kind)
        self.shaken = self.shaken or kind in _SHAKING

    def relief(self, kind: str) -> None:
        """One trouble is over, or happened just now."""
        self.troubles.discard(kind)
        self.well_since = self._loop.time()

    def well_for(self) -> float:
        """How long nothing has been wrong with it, or with its way to the store."""
        return -1.0 if self.troubles or not self.alive else self._loop.time() - self.well_since

    def kill(self) -> None:
        """The process is gone, and its connections with it."""
        self.alive = False
        self.process.stop()
        self.link.cut = True
        for visit in self._ledger.of(self):
            del self._ledger.present[visit.session_id]
