"""A registry on a key-value store that was not made for it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Sequence

from vision_agents.core.launcher.registry.kv_store import SessionKVStore
from vision_agents.core.launcher.registry.names import encoded, once_name, session_name
from vision_agents.core.launcher.registry.port import (
    DAY_MS,
    ENDED_MS,
    Asked,
    ClaimReply,
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
    Touch,
    Verdict,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.registry")

_DAY: Seconds = DAY_MS / 1000
_ENDED: Seconds = ENDED_MS / 1000


class ForeignStore:
    """Adapts a `SessionKVStore` to the atomic port, as far as it goes.

    Limits per call hold on each node only, requests to close wait for the owner's heartbeat, and two nodes
    may begin the same request at once: a key-value store has no step that checks and writes.
    """

    def __init__(self, store: SessionKVStore) -> None:
        self.unreadable_entries = 0
        self._store = store
        self._claimed: dict[SessionKey, str] = {}
        self._warned = False

    async def start(self) -> None:
        """Connect."""
        await self._store.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._store.close()

    async def claim(self, owner: Owner, entry: Entry) -> ClaimReply:
        """Put the session in, unless this node has enough of them in the call."""
        info, limit = entry
        touch = Touch(0, 0, "")
        if limit is not None:
            self._warn()
            others = [key for key in self._claimed if key.call_id == info.call_id and key != info.key]
            if len(others) >= limit:
                return ClaimReply(touch, Verdict.FULL)
        self._claimed[info.key] = owner.token
        try:
            await self._write(owner, [info])
        except BaseException:
            self._claimed.pop(info.key, None)
            raise
        return ClaimReply(touch, Verdict.GRANTED)

    async def renew(self, owner: Owner, entries: Sequence[Entry]) -> Renewal:
        """Write all sessions anew."""
        infos = [entry.info for entry in entries]
        await self._write(owner, infos)
        close = await self.asked_closes([info.key for info in infos])
        return Renewal(Touch(0, 0, ""), close=close)

    async def release(self, owner: Owner, infos: Sequence[SessionInfo]) -> None:
        """Take sessions out that have ended."""
        for info in infos:
            self._claimed.pop(info.key, None)
        await self._store.mset([(_ended(info.key), _to_json(info), _ENDED) for info in infos])
        await self._store.delete([name(info.key) for info in infos for name in (_session, _close)])

    async def sign_off(self, owner: Owner) -> None:
        """Forget the node."""
        await self._store.delete([_node(owner.node_id)])

    async def find(self, key: SessionKey) -> Found | None:
        """Find a session."""
        return next(iter(await self._found([_session(key)])), None)

    async def find_ended(self, key: SessionKey) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        value = await self._store.get(_ended(key))
        return None if value is None else self._from_json(value)

    async def find_in_call(self, call_id: str) -> list[Found]:
        """List the sessions of a call."""
        return await self._found(await self._store.keys(f"sessions/{encoded(call_id)}/"))

    async def list_all(self, limit: int) -> list[Found]:
        """List sessions of all calls."""
        return await self._found((await self._store.keys("sessions/"))[:limit])

    async def ask_close(self, key: SessionKey) -> Asked:
        """Leave a request for the owner's next heartbeat."""
        found = await self.find(key)
        if found is None:
            return Asked.UNKNOWN
        await self._store.set(_close(key), b"1", _DAY)
        if not found.silent:
            return Asked.NOTED
        await self._store.set(_ended(key), _to_json(found.info), _ENDED)
        await self._store.delete([_session(key)])
        return Asked.REMOVED

    async def asked_closes(self, keys: Collection[SessionKey]) -> frozenset[str]:
        """Tell which of these sessions are to be closed."""
        listed = list(keys)
        values = await self._store.mget([_close(key) for key in listed]) if listed else []
        return frozenset(
            key.session_id for key, value in zip(listed, values, strict=True) if value is not None
        )

    async def repeat_closes(self, keys: Collection[SessionKey]) -> None:
        """Leave the requests again."""
        await self._store.mset([(_close(key), b"1", _DAY) for key in keys])

    async def next_commands(self, owner: Owner) -> list[Command]:
        """Wait for ever: nothing can be pushed through such a store."""
        await asyncio.get_running_loop().create_future()
        return []

    async def find_node(self, node_id: str) -> NodeInfo | None:
        """Find a node that was heard of lately."""
        value = await self._store.get(_node(node_id))
        return None if value is None else NodeInfo(node_id, value.decode() or None)

    async def begin_once(
        self, owner: Owner, key: OnceKey, *, fingerprint: str, attempt: str
    ) -> OnceResult | None:
        """Begin a request, unless it was begun before."""
        value = await self._store.get(_once(key))
        if value is None:
            await self._write_once(owner, key, {"fingerprint": fingerprint, "attempt": attempt})
            return New()
        once = json.loads(value)
        if once["fingerprint"] != fingerprint:
            return None
        if "status" in once:
            return Done(once["response"].encode("latin-1"), once["status"])
        return New() if once["attempt"] == attempt else InProgress()

    async def finish_once(self, owner: Owner, key: OnceKey, done: Done) -> None:
        """Keep the answer to a request that this node began."""
        value = await self._store.get(_once(key))
        if value is not None:
            answer = {"response": done.response.decode("latin-1"), "status": done.status}
            await self._write_once(owner, key, {**json.loads(value), **answer})

    async def abandon_once(self, owner: Owner, key: OnceKey) -> None:
        """Let the request be begun again."""
        await self._store.delete([_once(key)])

    async def _write(self, owner: Owner, infos: Sequence[SessionInfo]) -> None:
        url = (owner.url or "").encode()
        node = (_node(owner.node_id), url, owner.silent_ms / 1000)
        await self._store.mset([node, *((_session(info.key), _to_json(info), owner.ttl) for info in infos)])

    async def _write_once(self, owner: Owner, key: OnceKey, once: dict[str, object]) -> None:
        await self._store.set(_once(key), json.dumps(once).encode(), _DAY)

    async def _found(self, names: Sequence[str]) -> list[Found]:
        values = await self._store.mget(names) if names else []
        infos = [info for value in values if value is not None and (info := self._from_json(value))]
        nodes = sorted({_node(info.node_id) for info in infos})
        heard = await self._store.mget(nodes) if nodes else []
        silent = {name for name, value in zip(nodes, heard, strict=True) if value is None}
        return [Found(info, _node(info.node_id) in silent) for info in infos]

    def _from_json(self, value: bytes) -> SessionInfo | None:
        try:
            return SessionInfo.from_dict(json.loads(value))
        except ValueError:
            self.unreadable_entries += 1
            return None

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "Limits per call hold on each node only with this store",
                extra={"store": type(self._store).__name__},
            )


def _session(key: SessionKey) -> str:
    return f"sessions/{session_name(key)}"


def _close(key: SessionKey) -> str:
    return f"close_requests/{session_name(key)}"


def _ended(key: SessionKey) -> str:
    return f"ended/{session_name(key)}"


def _node(node_id: str) -> str:
    return f"nodes/{encoded(node_id)}"


def _once(key: OnceKey) -> str:
    return f"once/{once_name(key)}"


def _to_json(info: SessionInfo) -> bytes:
    return json.dumps(info.to_dict()).encode()
