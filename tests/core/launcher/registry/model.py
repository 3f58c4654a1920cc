"""What the port promises, said as plainly as possible: facts with an end, and nothing is ever swept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vision_agents.core.launcher.registry.port import (
    Asked,
    Close,
    Done,
    Entry,
    InProgress,
    New,
    OnceKey,
    OnceResult,
    Owner,
    Verdict,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey

DAY = 86_400_000
NEVER = -1


@dataclass
class Slot:
    owner: str
    info: SessionInfo
    until: int


@dataclass
class Node:
    lease: int
    silent_from: int
    interval: int


@dataclass
class Model:
    """A registry's store, of which the test turns the clock."""

    now: int = 1_000_000
    slots: dict[SessionKey, Slot] = field(default_factory=dict[SessionKey, Slot])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    names: dict[str, tuple[str, str | None]] = field(default_factory=dict[str, tuple[str, str | None]])
    ended: dict[SessionKey, tuple[SessionInfo, int]] = field(
        default_factory=dict[SessionKey, tuple[SessionInfo, int]]
    )
    closes: dict[SessionKey, int] = field(default_factory=dict[SessionKey, int])
    commands: dict[str, list[Close]] = field(default_factory=dict[str, list[Close]])
    once: dict[OnceKey, tuple[str, str, str, Done | None, int]] = field(
        default_factory=dict[OnceKey, tuple[str, str, str, Done | None, int]]
    )
    epoch: str = ""
    epoch_began: int = 0
    epoch_ends: int = 0
    spans: list[int] = field(default_factory=list[int])
    recovering_until: int = 0
    held_until: int = 0

    def hear(self, owner: Owner) -> None:
        self.nodes = {token: node for token, node in self.nodes.items() if node.lease > self.now - DAY}
        known = self.nodes.get(owner.token, Node(0, 0, 0))
        slowest = max([owner.interval_ms, owner.slowest_ms, *(node.interval for node in self.nodes.values())])
        grace = slowest * 22 // 10
        forgotten = owner.lease_known_ms > known.lease
        outage = bool(self.nodes) and self.epoch_ends <= self.now
        if not self.epoch or forgotten or outage:
            self.epoch = f"{self.now}/{owner.token}"
            self.epoch_began = self.now
            self.spans = []
            self.recovering_until = max(self.recovering_until, self.now + grace)
        elif self.now < self.recovering_until:
            self.recovering_until = max(self.recovering_until, self.epoch_began + grace)
        if not self.nodes:
            self.spans = []
        if owner.cut_off:
            self.held_until = max(self.held_until, self.now + grace)
        self.spans.append(owner.span_ms)
        self.epoch_ends = self.now + min(self.spans)
        lease = max(known.lease, self.now + owner.lease_ms)
        self.nodes[owner.token] = Node(lease, self.now + owner.silent_ms, owner.interval_ms)
        self.names[owner.node_id] = (owner.token, owner.url)

    def live(self) -> dict[SessionKey, Slot]:
        return {key: slot for key, slot in self.slots.items() if slot.until > self.now}

    def leased(self, token: str) -> bool:
        return token in self.nodes and self.nodes[token].lease > self.now

    def silent(self, token: str) -> bool:
        return token not in self.nodes or self.nodes[token].silent_from <= self.now

    def room(self, entry: Entry) -> bool:
        key = entry.info.key
        others = {k: s for k, s in self.live().items() if k.call_id == key.call_id and k != key}
        if entry.limit is None or len(others) < entry.limit:
            return True
        if self.now < max(self.held_until, self.recovering_until):
            return False
        dead = sorted(k for k, slot in others.items() if not self.leased(slot.owner))
        leaving = dead[: len(others) + 1 - entry.limit]
        if len(others) - len(leaving) >= entry.limit:
            return False
        for gone in leaving:
            self.end(gone, others[gone].info)
        return True

    def end(self, key: SessionKey, info: SessionInfo) -> None:
        self.slots.pop(key, None)
        self.ended[key] = (info, self.now + 60_000)

    def put(self, owner: Owner, info: SessionInfo) -> None:
        self.slots[info.key] = Slot(owner.token, info, self.now + owner.ttl_ms)

    def claim(self, owner: Owner, entry: Entry) -> Verdict:
        self.hear(owner)
        slot = self.live().get(entry.info.key)
        if slot and slot.owner == owner.token:
            return Verdict.GRANTED
        if entry.limit is not None and self.now < self.recovering_until:
            return Verdict.RECOVERING
        if slot or not self.room(entry):
            return Verdict.FULL
        self.put(owner, entry.info)
        return Verdict.GRANTED

    def renew(self, owner: Owner, entries: list[Entry]) -> tuple[set[str], set[str]]:
        self.hear(owner)
        lost = {entry.info.session_id for entry in entries if not self.keep(owner, entry)}
        return lost, self.asked([entry.info.key for entry in entries])

    def keep(self, owner: Owner, entry: Entry) -> bool:
        slot = self.live().get(entry.info.key)
        if slot and slot.owner != owner.token:
            return False
        if not slot and (self.why_ended(entry.info.key) or not self.room(entry)):
            return False
        self.put(owner, entry.info)
        return True

    def release(self, owner: Owner, infos: list[SessionInfo]) -> None:
        for info in infos:
            slot = self.live().get(info.key)
            if not slot or slot.owner == owner.token:
                self.end(info.key, info)
                self.closes.pop(info.key, None)

    def sign_off(self, owner: Owner) -> None:
        self.nodes.pop(owner.token, None)
        self.commands.pop(owner.token, None)
        if self.names.get(owner.node_id, ("", None))[0] == owner.token:
            del self.names[owner.node_id]

    def ask_close(self, key: SessionKey) -> Asked:
        slot = self.live().get(key)
        if not slot:
            return Asked.UNKNOWN
        self.closes[key] = self.now + DAY
        if self.silent(slot.owner):
            self.end(key, slot.info)
            return Asked.REMOVED
        self.commands.setdefault(slot.owner, []).append(Close(*key))
        return Asked.NOTED

    def repeat_closes(self, keys: list[SessionKey]) -> None:
        self.closes |= dict.fromkeys(keys, self.now + DAY)

    def asked(self, keys: list[SessionKey]) -> set[str]:
        return {key.session_id for key in keys if self.closes.get(key, NEVER) > self.now}

    def why_ended(self, key: SessionKey) -> SessionInfo | None:
        info, until = self.ended.get(key, (None, NEVER))
        return info if until > self.now else None

    def node(self, node_id: str) -> tuple[str, str | None] | None:
        token, url = self.names.get(node_id, ("", None))
        return (node_id, url) if self.leased(token) else None

    def begin_once(self, owner: Owner, key: OnceKey, fingerprint: str, attempt: str) -> OnceResult | None:
        if key in self.once:
            by, print_, attempted, done, until = self.once[key]
            if until > self.now:
                if print_ != fingerprint:
                    return None
                if done:
                    return done
                if attempted != attempt and self.leased(by):
                    return InProgress()
        self.hear(owner)
        self.once[key] = (owner.token, fingerprint, attempt, None, self.now + DAY)
        return New()

    def finish_once(self, owner: Owner, key: OnceKey, done: Done) -> None:
        by, print_, attempted, before, until = self.once.get(key, ("", "", "", None, NEVER))
        if by == owner.token and before is None and until > self.now:
            self.once[key] = (by, print_, attempted, done, until)

    def abandon_once(self, owner: Owner, key: OnceKey) -> None:
        by, _, _, before, _ = self.once.get(key, ("", "", "", None, NEVER))
        if by == owner.token and before is None:
            del self.once[key]

    def lose_everything(self) -> Model:
        return replace(Model(), now=self.now)
