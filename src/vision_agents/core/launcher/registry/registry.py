"""The sessions of all nodes, for launchers and for whoever asks about a session."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeVar

from vision_agents.core.errors import (
    IdempotencyConflict,
    MaxSessionsPerCallExceeded,
    RegistryRecovering,
    RegistryUnavailable,
)
from vision_agents.core.launcher.registry.foreign_store import ForeignStore
from vision_agents.core.launcher.registry.guard import Cancellation, StoreGuard
from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.names import encoded
from vision_agents.core.launcher.registry.port import (
    BATCH,
    Asked,
    ClaimReply,
    Command,
    Done,
    Entry,
    Found,
    NodeInfo,
    OnceKey,
    OnceResult,
    Owner,
    RegistryStore,
    Renewal,
    Verdict,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.launcher.registry.unsaid import Unsaid
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.core.types.units import Seconds

ReplyT = TypeVar("ReplyT", ClaimReply, Renewal)

_ENDED = (SessionStatus.CLOSED, SessionStatus.FAILED)
_RECONNECT: Seconds = 1.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a node learns from its heartbeat, by session id.

    Args:
        lost: another session has the slot: leave the call.
        close: somebody asked for it to be closed; told again until the session is released.
    """

    lost: frozenset[str]
    close: frozenset[str]


class SessionRegistry:
    """The sessions of all nodes that use the same store.

    Args:
        store: where they are kept; by default in the memory of this registry. A key-value store of your
            own holds limits per call on each node only.
        node_id: the name of this node; random where it is left out.
        ttl: seconds that a session is still listed when its node is not heard of any more. Half of it is
            the node's lease: only after that may its sessions be replaced. The same on all nodes.

    Raises:
        ValueError: `ttl` is not a positive number.
    """

    def __init__(
        self,
        store: SessionKVStore | RegistryStore | None = None,
        *,
        node_id: str | None = None,
        ttl: Seconds = 30.0,
    ) -> None:
        if not ttl > 0:
            raise ValueError(f"ttl must be > 0, not {ttl}.")
        self._store = InMemorySessionKVStore() if store is None else _port_of(store)
        self._ttl = ttl
        self._guard = StoreGuard(bounded=type(self._store) is not InMemorySessionKVStore)
        name = node_id or new_id()
        self._owner = Owner(token=_new_token(name), node_id=name, ttl=ttl, interval=ttl / 3)
        self._limits: dict[str, int] = {}
        self._unsaid = Unsaid()
        self._failures_told = 0
        self._recovers_in: Seconds = 0.0

    @property
    def node_id(self) -> str:
        """The name of this node."""
        return self._owner.node_id

    @property
    def ttl(self) -> Seconds:
        """How long a session is listed after its node was last heard of."""
        return self._ttl

    @property
    def available(self) -> bool:
        """Whether the store answered lately."""
        return self._guard.available

    @property
    def unreadable_entries(self) -> int:
        """How many entries of the store were skipped because they could not be read."""
        return self._store.unreadable_entries

    @property
    def recovers_in(self) -> Seconds:
        """How long a store that may have lost data refuses limited claims, as of the last heartbeat."""
        return self._recovers_in

    def heartbeat_interval(self, maintenance_interval: Seconds) -> Seconds:
        """Say how often `heartbeat` is to be called; from now on the registry counts on it."""
        self._owner = replace(self._owner, interval=min(maintenance_interval, self._ttl / 3))
        return self._owner.interval

    async def start(self) -> None:
        """Connect to the store and make this node known.

        Raises:
            RegistryUnavailable: the store cannot be reached.
        """
        await self._guard.call(self._store.start, insist=True)
        token = _new_token(self.node_id)
        self._owner = replace(self._owner, token=token, lease_known_ms=0, cut_off=False)
        try:
            await self._renew(())
        except BaseException:
            await self._store.close()
            raise

    async def stop(self) -> None:
        """Sign off and disconnect; the sessions of this node must have been released."""
        try:
            if self._unsaid.ended:
                await self._say_ended()
            await self._guard.call(lambda: self._store.sign_off(self._owner))
        except RegistryUnavailable:
            pass  # the lease will run out
        finally:
            await self._store.close()

    async def __aenter__(self) -> SessionRegistry:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def claim(self, info: SessionInfo, *, max_per_call: int | None = None) -> None:
        """Take a slot in the call and list the session.

        Raises:
            MaxSessionsPerCallExceeded: the call has `max_per_call` sessions already, on all nodes together.
            RegistryRecovering: the store lost its data, and sessions may still be missing.
            RegistryUnavailable: the store cannot be reached.
        """
        entry = Entry(info, max_per_call)
        try:
            reply = await self._touch(lambda: self._store.claim(self._owner, entry))
        except BaseException:
            failed = replace(info, status=SessionStatus.FAILED, reason=Reason.ERROR)
            self._unsaid.note_ended(failed, lasts=self._ttl)  # it may have been granted all the same
            raise
        self._unsaid.ended.pop(info.key, None)
        if reply.verdict is Verdict.RECOVERING:
            raise RegistryRecovering(
                "The session registry is recovering: sessions of other nodes may be missing. Try again.",
                retry_after=reply.retry_after_ms / 1000,
            )
        if reply.verdict is Verdict.FULL:
            raise MaxSessionsPerCallExceeded(f"Call {info.call_id} already has {max_per_call} sessions.")
        if max_per_call is not None:
            self._limits[info.session_id] = max_per_call

    async def heartbeat(self, infos: Collection[SessionInfo]) -> Heartbeat:
        """Say that this node and these sessions live, and how they stand; brings back what the store lost.

        Raises:
            RegistryUnavailable: the store cannot be reached; try again soon.
        """
        entries = [Entry(info, self._limits.get(info.session_id)) for info in infos]
        lost: set[str] = set()
        close: set[str] = set()
        epoch = ""
        for begin in range(0, max(len(entries), 1), BATCH):
            if begin:
                await asyncio.sleep(0)
            renewal = await self._renew(entries[begin : begin + BATCH])
            lost |= renewal.lost
            close |= renewal.close
            epoch = renewal.touch.epoch
        await self._catch_up(epoch)
        return Heartbeat(frozenset(lost), frozenset(close))

    async def release(self, info: SessionInfo) -> None:
        """Take a session out that has ended; `info` has its last status and reason.

        While the store cannot be reached, this is done with a later heartbeat.
        """
        self._limits.pop(info.session_id, None)
        self._unsaid.note_ended(info, lasts=self._ttl)
        try:
            await self._guard.call(lambda: self._store.release(self._owner, (info,)))
        except RegistryUnavailable:
            return
        self._unsaid.ended.pop(info.key, None)

    async def get(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a live session; its reason is `owner_lost` when its node missed two heartbeats."""
        found = await self._guard.call(lambda: self._store.find(SessionKey(call_id, session_id)))
        return None if found is None else _seen(found)

    async def ended(self, call_id: str, session_id: str) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        info = await self._guard.call(lambda: self._store.find_ended(SessionKey(call_id, session_id)))
        if info is None or info.status in _ENDED:
            return info
        return replace(info, status=SessionStatus.FAILED, reason=Reason.OWNER_LOST)

    async def get_for_call(self, call_id: str) -> list[SessionInfo]:
        """List the live sessions of a call, oldest first."""
        return _listed(await self._guard.call(lambda: self._store.find_in_call(call_id)))

    async def list_sessions(self, *, limit: int = 1000) -> list[SessionInfo]:
        """List live sessions of all calls, at most `limit`, oldest first."""
        return _listed(await self._guard.call(lambda: self._store.list_all(limit)))

    async def request_close(self, call_id: str, session_id: str) -> bool:
        """Ask whoever runs the session to close it; False where there is no such session.

        A session whose node is silent is removed at once. What was accepted is remembered here too: it
        survives a store that loses its data, as long as this node lives.
        """
        key = SessionKey(call_id, session_id)
        asked = await self._guard.call(lambda: self._store.ask_close(key))
        if asked is Asked.UNKNOWN:
            return False
        self._unsaid.note_close(key)
        return True

    async def advertise(self, url: str | None) -> None:
        """Tell other nodes where they reach this one, with this and every later heartbeat."""
        self._owner = replace(self._owner, url=url)
        await self._renew(())

    async def node(self, node_id: str) -> NodeInfo | None:
        """Find a node that is alive."""
        return await self._guard.call(lambda: self._store.find_node(node_id))

    async def commands(self) -> AsyncIterator[Command]:
        """Give what other nodes ask of this one, as it comes, for ever; outages are waited out."""
        cancellation = Cancellation()
        while True:
            try:
                commands = await self._store.next_commands(self._owner)
            except Exception as error:  # noqa: BLE001 - whatever a store raises, it may be back later
                self._guard.note_failure(error)
                await asyncio.sleep(_RECONNECT * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the nodes
                continue
            finally:
                cancellation.check()
            for command in commands:
                yield command

    async def begin_once(self, call_id: str, key: str, fingerprint: str) -> OnceResult:
        """Begin a request that must be carried out once; then finish or abandon it.

        Raises:
            IdempotencyConflict: the key was used with another request within the last day.
        """
        once, attempt = OnceKey(call_id, key), new_id()
        result = await self._guard.call(
            lambda: self._store.begin_once(self._owner, once, fingerprint=fingerprint, attempt=attempt)
        )
        if result is None:
            raise IdempotencyConflict("This idempotency key was used with another request: use a new one.")
        return result

    async def finish_once(self, call_id: str, key: str, response: bytes, status: int) -> None:
        """Keep the answer for a day."""
        once, done = OnceKey(call_id, key), Done(response, status)
        await self._guard.call(lambda: self._store.finish_once(self._owner, once, done))

    async def abandon_once(self, call_id: str, key: str) -> None:
        """Let the request be begun again."""
        await self._guard.call(lambda: self._store.abandon_once(self._owner, OnceKey(call_id, key)))

    async def register(self, call_id: str, session_id: str) -> None:
        """List a session of this node."""
        await self.claim(self._new_info(call_id, session_id))

    async def remove(self, call_id: str, session_id: str) -> None:
        """Take a session of this node out; one that is not there is ignored."""
        info = await self.get(call_id, session_id) or self._new_info(call_id, session_id)
        await self.release(replace(info, status=SessionStatus.CLOSED, reason=Reason.COMPLETED))

    async def update_metrics(
        self, call_id: str, session_id: str, metrics: Mapping[str, int | float | None]
    ) -> None:
        """Tell the metrics of a session of this node and renew it; one that is not there is ignored."""
        info = await self.get(call_id, session_id)
        if info is not None:
            now = datetime.now(UTC).timestamp()
            await self.heartbeat([replace(info, metrics=dict(metrics), metrics_updated_at=now)])

    async def get_close_requests(self, sessions: Mapping[str, str]) -> list[str]:
        """Tell which of these sessions (session id to call id) are to be closed."""
        if not sessions:
            return []
        keys = [SessionKey(call_id, session_id) for session_id, call_id in sessions.items()]
        asked = await self._guard.call(lambda: self._store.asked_closes(keys))
        return [session_id for session_id in sessions if session_id in asked]

    async def _renew(self, entries: Collection[Entry]) -> Renewal:
        batch = tuple(entries)
        return await self._touch(lambda: self._store.renew(self._owner, batch), insist=True)

    async def _touch(self, step: Callable[[], Awaitable[ReplyT]], *, insist: bool = False) -> ReplyT:
        """Do a step that tells the store of this node, and keep what the store tells of itself."""
        failures = self._guard.failures
        owner = self._owner
        owner.cut_off = failures != self._failures_told
        reply = await self._guard.call(step, insist=insist)
        self._failures_told = failures
        owner.lease_known_ms = reply.touch.lease_ms
        owner.slowest_ms = reply.touch.slowest_ms
        self._recovers_in = reply.touch.recovers_in_ms / 1000
        return reply

    async def _catch_up(self, epoch: str) -> None:
        """Say what the store could not be told, or may have forgotten."""
        if self._unsaid.ended:
            await self._say_ended()
        if closes := self._unsaid.closes_to_repeat(epoch):
            await self._guard.call(lambda: self._store.repeat_closes(closes))
            self._unsaid.closes_repeated(epoch)

    async def _say_ended(self) -> None:
        ended = self._unsaid.take_ended(BATCH)
        if ended:
            await self._guard.call(lambda: self._store.release(self._owner, ended))
            for info in ended:
                self._unsaid.ended.pop(info.key, None)

    def _new_info(self, call_id: str, session_id: str) -> SessionInfo:
        now = datetime.now(UTC).timestamp()
        return SessionInfo(
            session_id=session_id,
            call_id=call_id,
            node_id=self.node_id,
            started_at=now,
            status=SessionStatus.ACTIVE,
        )


def _port_of(store: SessionKVStore | RegistryStore) -> RegistryStore:
    if not isinstance(store, SessionKVStore):
        return store
    return store if isinstance(store, RegistryStore) else ForeignStore(store)


def _new_token(node_id: str) -> str:
    return f"{encoded(node_id)}/{new_id()}"


def _seen(found: Found) -> SessionInfo:
    return replace(found.info, reason=Reason.OWNER_LOST) if found.silent else found.info


def _listed(found: list[Found]) -> list[SessionInfo]:
    return sorted((_seen(one) for one in found), key=lambda info: (info.started_at, info.session_id))
