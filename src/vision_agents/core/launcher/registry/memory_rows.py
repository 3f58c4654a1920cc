"""The registry's rules as plain Python, for nodes in one process."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from vision_agents.core.launcher.registry.nodes import Nodes
from vision_agents.core.launcher.registry.port import (
    DAY_MS,
    ENDED_MS,
    Asked,
    ClaimReply,
    Close,
    Command,
    Done,
    Entry,
    Found,
    InProgress,
    New,
    NodeInfo,
    OnceKey,
    OnceResult,
    Owner,
    Renewal,
    Verdict,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey

_MOST_COMMANDS = 1000
_SWEEP_MS = 5000


@dataclass(slots=True)
class _Row:
    owner: str
    info: SessionInfo
    until_ms: int


@dataclass(slots=True)
class _Once:
    owner: str
    fingerprint: str
    attempt: str
    until_ms: int
    done: Done | None = None


@dataclass(slots=True)
class _Tables:
    nodes: Nodes
    sweep_at_ms: int = 0
    calls: dict[str, dict[str, _Row]] = field(default_factory=dict[str, dict[str, _Row]])
    ended: dict[SessionKey, tuple[SessionInfo, int]] = field(
        default_factory=dict[SessionKey, tuple[SessionInfo, int]]
    )
    closes: dict[SessionKey, int] = field(default_factory=dict[SessionKey, int])
    once: dict[OnceKey, _Once] = field(default_factory=dict[OnceKey, _Once])
    commands: dict[str, deque[Command]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_MOST_COMMANDS))
    )


class MemoryRows:
    """The atomic port in memory: each method runs without giving way to other tasks.

    The loop's clock is the store's time. `lose_everything` makes it a store that came back empty.
    """

    unreadable_entries = 0

    def __init__(self) -> None:
        self._commanded = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Begin anew: nobody uses it, so nothing can be missing and no grace is needed."""
        self._tables = _Tables(Nodes(remembers=True))

    def lose_everything(self) -> None:
        """Forget all rows, as a server that was restarted without its data."""
        self._tables = _Tables(Nodes(remembers=False))

    async def claim(self, owner: Owner, entry: Entry) -> ClaimReply:
        """Take a slot in a call and put the session in."""
        now = self._now_ms()
        nodes = self._tables.nodes
        touch = nodes.touch(owner, now)
        info, limit = entry
        row = self._live(info.key, now)
        if row is not None and row.owner == owner.token:
            return ClaimReply(touch, Verdict.GRANTED)
        if limit is not None and nodes.recovering_ms > now:
            return ClaimReply(touch, Verdict.RECOVERING, nodes.recovering_ms - now)
        if row is not None or not self._makes_room(entry, now):
            return ClaimReply(touch, Verdict.FULL)
        self._put(owner, info, now)
        return ClaimReply(touch, Verdict.GRANTED)

    async def renew(self, owner: Owner, entries: Sequence[Entry]) -> Renewal:
        """Say that the node and these sessions live; puts back those that were lost."""
        now = self._now_ms()
        touch = self._tables.nodes.touch(owner, now)
        self._sweep(now)
        closes = self._tables.closes
        lost: set[str] = set()
        close: set[str] = set()
        for entry in entries:
            info = entry.info
            if not self._renew_one(owner, entry, now):
                lost.add(info.session_id)
            if closes and closes.get(info.key, 0) > now:
                close.add(info.session_id)
        return Renewal(touch, frozenset(lost), frozenset(close))

    async def release(self, owner: Owner, infos: Sequence[SessionInfo]) -> None:
        """Take sessions out that have ended; not those of another owner."""
        now = self._now_ms()
        for info in infos:
            row = self._live(info.key, now)
            if row is None or row.owner == owner.token:
                self._end(info.key, info, now)
                self._tables.closes.pop(info.key, None)

    async def sign_off(self, owner: Owner) -> None:
        """Forget the node."""
        self._tables.nodes.forget(owner)
        self._tables.commands.pop(owner.token, None)

    async def find(self, key: SessionKey) -> Found | None:
        """Find a session."""
        now = self._now_ms()
        row = self._live(key, now)
        return None if row is None else self._found(row, now)

    async def find_ended(self, key: SessionKey) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        info, until = self._tables.ended.get(key, (None, 0))
        return info if until > self._now_ms() else None

    async def find_in_call(self, call_id: str) -> list[Found]:
        """List the sessions of a call."""
        now = self._now_ms()
        rows = self._tables.calls.get(call_id, {}).values()
        return [self._found(row, now) for row in rows if row.until_ms > now]

    async def list_all(self, limit: int) -> list[Found]:
        """List sessions of all calls."""
        now = self._now_ms()
        rows = (row for rows in self._tables.calls.values() for row in rows.values() if row.until_ms > now)
        return [self._found(row, now) for _, row in zip(range(limit), rows, strict=False)]

    async def ask_close(self, key: SessionKey) -> Asked:
        """Ask the owner to close a session."""
        now = self._now_ms()
        row = self._live(key, now)
        if row is None:
            return Asked.UNKNOWN
        self._tables.closes[key] = now + DAY_MS
        if self._tables.nodes.silent(row.owner, now):
            self._end(key, row.info, now)
            return Asked.REMOVED
        self._tables.commands[row.owner].append(Close(*key))
        self._commanded.set()
        return Asked.NOTED

    async def asked_closes(self, keys: Collection[SessionKey]) -> frozenset[str]:
        """Tell which of these sessions are to be closed."""
        now = self._now_ms()
        return frozenset(key.session_id for key in keys if self._tables.closes.get(key, 0) > now)

    async def repeat_closes(self, keys: Collection[SessionKey]) -> None:
        """Note requests to close again."""
        now = self._now_ms()
        for key in keys:
            self._tables.closes[key] = now + DAY_MS

    async def next_commands(self, owner: Owner) -> list[Command]:
        """Wait for commands to this node."""
        while not self._tables.commands.get(owner.token):
            self._commanded.clear()
            await self._commanded.wait()
        return list(self._tables.commands.pop(owner.token))

    async def find_node(self, node_id: str) -> NodeInfo | None:
        """Find a node that has a lease."""
        return self._tables.nodes.find(node_id, self._now_ms())

    async def begin_once(
        self, owner: Owner, key: OnceKey, *, fingerprint: str, attempt: str
    ) -> OnceResult | None:
        """Begin a request, unless a node that lives has begun it."""
        now = self._now_ms()
        nodes = self._tables.nodes
        once = self._tables.once.get(key)
        if once is not None and once.until_ms > now:
            if once.fingerprint != fingerprint:
                return None
            if once.done is not None:
                return once.done
            if once.attempt != attempt and nodes.has_lease(once.owner, now):
                return InProgress()
        nodes.touch(owner, now)
        self._tables.once[key] = _Once(owner.token, fingerprint, attempt, now + DAY_MS)
        return New()

    async def finish_once(self, owner: Owner, key: OnceKey, done: Done) -> None:
        """Keep the answer to a request that this node began."""
        once = self._tables.once.get(key)
        if once is not None and once.owner == owner.token and once.done is None:
            once.done = done

    async def abandon_once(self, owner: Owner, key: OnceKey) -> None:
        """Let the request be begun again."""
        once = self._tables.once.get(key)
        if once is not None and once.owner == owner.token and once.done is None:
            del self._tables.once[key]

    def _renew_one(self, owner: Owner, entry: Entry, now: int) -> bool:
        """Keep the session's slot, or take it again; tells whether it has one."""
        info = entry.info
        row = self._tables.calls.get(info.call_id, {}).get(info.session_id)
        if row is not None and row.until_ms > now:
            if row.owner != owner.token:
                return False
            row.info = info
            row.until_ms = now + owner.ttl_ms
            return True
        _, ended_until = self._tables.ended.get(info.key, (None, 0))
        if ended_until > now or not self._makes_room(entry, now):
            return False
        self._put(owner, info, now)
        return True

    def _makes_room(self, entry: Entry, now: int) -> bool:
        """Tell whether the call has room, replacing sessions of dead nodes where it must."""
        info, limit = entry
        if limit is None:
            return True
        rows = self._tables.calls.get(info.call_id, {})
        live = {sid: row for sid, row in rows.items() if row.until_ms > now and sid != info.session_id}
        excess = len(live) - limit + 1
        if excess <= 0:
            return True
        nodes = self._tables.nodes
        dead = sorted(sid for sid, row in live.items() if not nodes.has_lease(row.owner, now))
        if nodes.hold_ms > now or len(dead) < excess:
            return False
        for session_id in dead[:excess]:
            self._end(SessionKey(info.call_id, session_id), live[session_id].info, now)
        return True

    def _live(self, key: SessionKey, now: int) -> _Row | None:
        row = self._tables.calls.get(key.call_id, {}).get(key.session_id)
        return row if row is not None and row.until_ms > now else None

    def _found(self, row: _Row, now: int) -> Found:
        return Found(row.info, self._tables.nodes.silent(row.owner, now))

    def _put(self, owner: Owner, info: SessionInfo, now: int) -> None:
        row = _Row(owner.token, info, now + owner.ttl_ms)
        self._tables.calls.setdefault(info.call_id, {})[info.session_id] = row

    def _end(self, key: SessionKey, info: SessionInfo, now: int) -> None:
        self._remove(key)
        self._tables.ended[key] = (info, now + ENDED_MS)

    def _remove(self, key: SessionKey) -> None:
        rows = self._tables.calls.get(key.call_id, {})
        rows.pop(key.session_id, None)
        if not rows:
            self._tables.calls.pop(key.call_id, None)

    def _sweep(self, now: int) -> None:
        """Forget what has run out, once in a while; reading never gives it anyway."""
        tables = self._tables
        if now < tables.sweep_at_ms:
            return
        tables.sweep_at_ms = now + _SWEEP_MS
        for rows in list(tables.calls.values()):
            for row in [row for row in rows.values() if row.until_ms <= now]:
                self._remove(row.info.key)
        tables.ended = {key: kept for key, kept in tables.ended.items() if kept[1] > now}
        tables.closes = {key: until for key, until in tables.closes.items() if until > now}
        tables.once = {key: once for key, once in tables.once.items() if once.until_ms > now}

    def _now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)
