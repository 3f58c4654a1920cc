"""What a store in memory knows of its nodes, and whether it remembers."""

from __future__ import annotations

from dataclasses import dataclass

from vision_agents.core.launcher.registry.port import DAY_MS, NodeInfo, Owner, Touch, grace_for


@dataclass(slots=True)
class _Node:
    info: NodeInfo
    lease_ms: int
    silent_ms: int
    interval_ms: int


class Nodes:
    """Leases and the epoch.

    Args:
        remembers: whether it is certain that no node was ever forgotten.
    """

    def __init__(self, *, remembers: bool) -> None:
        self._nodes: dict[str, _Node] = {}
        self._tokens: dict[str, str] = {}
        self._epoch = "0" if remembers else ""
        self._began_ms = 0
        self._ends_ms = 0
        self._span_ms = 0
        self.recovering_ms = 0
        """Until when limited claims are refused."""
        self._held_ms = 0

    def touch(self, owner: Owner, now: int) -> Touch:
        """Hear of a node: renew its lease and the epoch, or begin a new one."""
        self._forget_long_lost(now)
        known = self._nodes.get(owner.token)
        known_lease = known.lease_ms if known else 0
        slowest = max(owner.slowest_ms, owner.interval_ms, *(n.interval_ms for n in self._nodes.values()))
        self._remember(owner, known_lease, grace_for(slowest), now)
        lease = max(now + owner.lease_ms, known_lease)
        self._nodes[owner.token] = _Node(
            NodeInfo(owner.node_id, owner.url), lease, now + owner.silent_ms, owner.interval_ms
        )
        self._tokens[owner.node_id] = owner.token
        return Touch(lease, slowest, self._epoch, max(0, self.recovering_ms - now))

    @property
    def hold_ms(self) -> int:
        """Until when no session is replaced."""
        return max(self._held_ms, self.recovering_ms)

    def has_lease(self, token: str, now: int) -> bool:
        """Tell whether a node may not be replaced."""
        node = self._nodes.get(token)
        return node is not None and node.lease_ms > now

    def silent(self, token: str, now: int) -> bool:
        """Tell whether a node missed two heartbeats."""
        node = self._nodes.get(token)
        return node is None or node.silent_ms <= now

    def forget(self, owner: Owner) -> None:
        """Hear that a node signs off."""
        self._nodes.pop(owner.token, None)
        if self._tokens.get(owner.node_id) == owner.token:
            del self._tokens[owner.node_id]

    def find(self, node_id: str, now: int) -> NodeInfo | None:
        """Find a node that has a lease; of several incarnations the one heard of last."""
        token = self._tokens.get(node_id, "")
        return self._nodes[token].info if self.has_lease(token, now) else None

    def _remember(self, owner: Owner, known_lease: int, grace: int, now: int) -> None:
        """Keep the epoch, or begin a new one where rows may be missing."""
        silent = bool(self._nodes) and self._ends_ms <= now
        if not self._epoch or silent or owner.lease_known_ms > known_lease:
            self._epoch = f"{now}/{owner.token}"
            self._began_ms = now
            self._span_ms = 0
            self.recovering_ms = max(self.recovering_ms, now + grace)
        elif self.recovering_ms > now:  # a slower node than those that were known
            self.recovering_ms = max(self.recovering_ms, self._began_ms + grace)
        if not self._nodes:
            self._span_ms = 0
        if owner.cut_off:
            self._held_ms = max(self._held_ms, now + grace)
        self._span_ms = min(self._span_ms or owner.span_ms, owner.span_ms)
        self._ends_ms = now + self._span_ms

    def _forget_long_lost(self, now: int) -> None:
        for token in [token for token, node in self._nodes.items() if node.lease_ms <= now - DAY_MS]:
            del self._nodes[token]
