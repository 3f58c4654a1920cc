"""What must hold at every moment of a cluster's life."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.cluster import Ledger, Node, Sizes, Visit
from tests.simulation.network import Network

from vision_agents.core.launcher.registry.session_info import SessionInfo

_SLACK = 3.0
"""Seconds for a step that failed once, its repetition and the session's own end."""


@dataclass
class AcceptedClose:
    """A close that a node said yes to."""

    by: Node
    visit: Visit
    at: float


class Checks:
    """Looks at the ledger and at the store's rows, and keeps what is wrong."""

    def __init__(self, sizes: Sizes, ledger: Ledger) -> None:
        self._sizes = sizes
        self._ledger = ledger
        self._closes: list[AcceptedClose] = []
        self.failures: list[str] = []
        self.most_in_call = 0

    def attach(self, network: Network, nodes: Sequence[Node]) -> None:
        self._network = network
        self._nodes = nodes

    def fail(self, what: str) -> None:
        self.failures.append(f"{self._network.loop.time():8.2f} {what}")

    def close_accepted(self, by: Node, visit: Visit) -> None:
        if by.alive:
            self._closes.append(AcceptedClose(by, visit, self._network.loop.time()))

    def store_changed(self, step: str, args: tuple[Any, ...]) -> None:
        """Never more than the limit in the registry."""
        if step == "claim":
            calls = {args[1].info.call_id}
        elif step == "renew":
            calls = {entry.info.call_id for entry in args[1]}
        else:
            return
        for call_id in calls:
            if len(rows := self.listed(call_id)) > self._sizes.limit:
                self.fail(f"{call_id} has {len(rows)} sessions in the registry")

    def listed(self, call_id: str | None = None) -> list[SessionInfo]:
        """What the store holds, seen from beside it."""
        store = self._network.store
        step = store.list_all(10_000) if call_id is None else store.find_in_call(call_id)
        try:
            step.send(None)
        except StopIteration as end:
            return [found.info for found in end.value]
        raise AssertionError("looking takes one step")

    def look(self) -> None:
        """Once a second."""
        self._look_at_calls()
        self._look_for_unlisted()
        self._look_at_closes()

    def _look_at_calls(self) -> None:
        """More than the limit in a call only by nodes that were away, and one interval after that."""
        for node in self._nodes:
            if node.well_for() > self._sizes.beat + _SLACK:
                node.shaken = False
        counts = Counter(visit.call_id for visit in self._ledger.present.values())
        for call_id, count in counts.items():
            self.most_in_call = max(self.most_in_call, count)
            if count > self._sizes.limit:
                visits = [visit for visit in self._ledger.present.values() if visit.call_id == call_id]
                if not any(visit.node.shaken for visit in visits):
                    names = ", ".join(f"{visit.session_id} on {visit.node.name}" for visit in visits)
                    self.fail(f"{call_id} has too many in it: {names}")

    def _look_for_unlisted(self) -> None:
        """A live session is visible within one cycle of recovery."""
        now, patience = self._network.loop.time(), self._sizes.beat + _SLACK
        listed = {info.session_id for info in self.listed()}
        for visit in self._ledger.present.values():
            well = visit.node.well_for()
            if well > patience and now - visit.since > patience and visit.session_id not in listed:
                self.fail(f"{visit.session_id} on {visit.node.name} is not listed")

    def _look_at_closes(self) -> None:
        """An accepted close is never lost while the node that accepted it lives.

        Where the store lost it, one interval brings it back, and the next one to the session's node.
        """
        for close in list(self._closes):
            if self._ledger.present.get(close.visit.session_id) is not close.visit or not close.by.alive:
                self._closes.remove(close)
            else:
                since = self._network.loop.time() - close.at
                if (
                    min(close.by.well_for(), close.visit.node.well_for(), since)
                    > 2 * self._sizes.beat + _SLACK
                ):
                    self._closes.remove(close)
                    self.fail(f"the close of {close.visit.session_id}, accepted by {close.by.name}, is lost")

    def look_at_the_end(self) -> None:
        """After a time without faults, what is listed is what there is."""
        listed = {info.session_id: info.node_id for info in self.listed()}
        there = {visit.session_id: visit.node.name for visit in self._ledger.present.values()}
        if listed != there:
            self.fail(f"listed is {listed}, there is {there}")
