"""The registry's rules on a Redis server: each method is one call of the script registry.lua."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Protocol, TypeAlias

from pydantic_core import from_json, to_json

from vision_agents.core.launcher.registry.names import encoded, once_name
from vision_agents.core.launcher.registry.port import (
    GRACE_PERCENT,
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
    Touch,
    Verdict,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo, SessionKey
from vision_agents.core.types.units import Seconds

Argument: TypeAlias = str | int | bytes

_SCRIPT = files("vision_agents.core.launcher.registry").joinpath("registry.lua").read_text(encoding="utf-8")
_DIGEST = hashlib.sha1(_SCRIPT.encode()).hexdigest()  # noqa: S324 - the name that Redis gives the script

_ENCODED_AT_ONCE = 100
"""Sessions put into JSON before other tasks get their turn."""

_LONGEST_READ: Seconds = 5.0
_COMMANDS_READ = 100


class RedisClient(Protocol):
    """What is used of a `redis.asyncio.Redis` or `RedisCluster`."""

    async def execute_command(self, *args: Any) -> Any:
        """Send a command and give its reply."""
        ...


class RedisRows:
    """The atomic port on Redis.

    Args:
        client: for the steps.
        reader: for waiting for commands, on a connection of its own.
        prefix: what all keys begin with.
        is_unknown_script: tells whether an error means that the server has not seen the script.
        read_timeout: the longest that `reader` waits for a reply; None: as long as asked.
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        reader: RedisClient,
        prefix: str,
        is_unknown_script: Callable[[Exception], bool],
        read_timeout: Seconds | None,
    ) -> None:
        self.unreadable_entries = 0
        self._client = client
        self._reader = reader
        self._base = prefix
        self._is_unknown_script = is_unknown_script
        self._read_ms = round(min(_LONGEST_READ, (read_timeout or 2 * _LONGEST_READ) / 2) * 1000)
        self._now: Callable[[], str] = str  # the server's own time
        self._told: dict[SessionKey, SessionInfo] = {}
        self._epoch = ""

    async def claim(self, owner: Owner, entry: Entry) -> ClaimReply:
        """Take a slot in a call and put the session in."""
        info, limit = entry
        told, verdict, wait = await self._run(
            "claim",
            *_owner(owner),
            *_names(info.key),
            limit or 0,
            _to_json(info),
        )
        return ClaimReply(_touch(told), Verdict(_text(verdict)), int(wait))

    async def renew(self, owner: Owner, entries: Sequence[Entry]) -> Renewal:
        """Say that the node and these sessions live; puts back those that were lost."""
        renewal, renewed = await self._renew(owner, entries, self._told)
        if renewal.touch.epoch != self._epoch:  # the store may have an older state of the sessions
            self._epoch = renewal.touch.epoch
            renewed = 0
        if renewed < len(entries):
            second, _ = await self._renew(owner, entries[renewed:], {})
            renewal = Renewal(second.touch, renewal.lost | second.lost, renewal.close | second.close)
        for info, _ in entries:
            if info.session_id in renewal.lost:
                self._told.pop(info.key, None)
            else:
                self._told[info.key] = info
        return renewal

    async def _renew(
        self, owner: Owner, entries: Sequence[Entry], told: Mapping[SessionKey, SessionInfo]
    ) -> tuple[Renewal, int]:
        """Renew, sending what is not `told`, up to the first of which the store misses what it was told."""
        reply = await self._run("renew", *_owner(owner), *await self._rows(entries, told))
        lost: list[int] = reply[1]
        close: list[int] = reply[2]
        renewal = Renewal(
            _touch(reply[0]),
            frozenset(entries[index].info.session_id for index in lost),
            frozenset(entries[index].info.session_id for index in close),
        )
        return renewal, int(reply[3])

    async def release(self, owner: Owner, infos: Sequence[SessionInfo]) -> None:
        """Take sessions out that have ended; not those of another owner."""
        rows: list[Argument] = []
        for info in infos:
            self._told.pop(info.key, None)
            rows += (*_names(info.key), _to_json(info))
        await self._run("release", owner.token, *rows)

    async def sign_off(self, owner: Owner) -> None:
        """Forget the node."""
        await self._run("sign_off", owner.token, encoded(owner.node_id))

    async def find(self, key: SessionKey) -> Found | None:
        """Find a session."""
        row = await self._run("find", *_names(key))
        return None if row is None else next(iter(self._found([row])), None)

    async def find_ended(self, key: SessionKey) -> SessionInfo | None:
        """Find a session that ended within the last minute."""
        row = await self._run("find_ended", *_names(key))
        return None if row is None else self._from_json(row)

    async def find_in_call(self, call_id: str) -> list[Found]:
        """List the sessions of a call."""
        return list(self._found(await self._run("find_in_call", encoded(call_id))))

    async def list_all(self, limit: int) -> list[Found]:
        """List sessions of all calls."""
        return list(self._found(await self._run("list_all", limit)))

    async def ask_close(self, key: SessionKey) -> Asked:
        """Ask the owner to close a session."""
        command = json.dumps({"close": list(key)})
        return Asked(_text(await self._run("ask_close", *_names(key), command)))

    async def asked_closes(self, keys: Collection[SessionKey]) -> frozenset[str]:
        """Tell which of these sessions are to be closed."""
        listed = list(keys)
        asked: list[int] = await self._run("asked_closes", *(name for key in listed for name in _names(key)))
        return frozenset(listed[index].session_id for index in asked)

    async def repeat_closes(self, keys: Collection[SessionKey]) -> None:
        """Note requests to close again."""
        await self._run("repeat_closes", *(name for key in keys for name in _names(key)))

    async def next_commands(self, owner: Owner) -> list[Command]:
        """Wait some seconds for commands to this node; what was read is deleted."""
        stream = f"{self._base}commands:{owner.token}"
        async with asyncio.timeout(self._read_ms / 1000 + 1):
            reply = await self._reader.execute_command(
                "XREAD", "COUNT", _COMMANDS_READ, "BLOCK", self._read_ms, "STREAMS", stream, "0"
            )
            entries = _stream_entries(reply)
            if entries:
                await self._reader.execute_command("XDEL", stream, *(name for name, _ in entries))
        commands = [self._command(fields) for _, fields in entries]
        return [command for command in commands if command is not None]

    async def find_node(self, node_id: str) -> NodeInfo | None:
        """Find a node that has a lease."""
        url = await self._run("find_node", encoded(node_id))
        return None if url is None else NodeInfo(node_id, _text(url) or None)

    async def begin_once(
        self, owner: Owner, key: OnceKey, *, fingerprint: str, attempt: str
    ) -> OnceResult | None:
        """Begin a request, unless a node that lives has begun it."""
        state, *answer = await self._run("begin_once", *_owner(owner), once_name(key), fingerprint, attempt)
        match _text(state):
            case "new":
                return New()
            case "in_progress":
                return InProgress()
            case "done":
                return Done(_bytes(answer[1]), int(answer[0]))
            case _:
                return None

    async def finish_once(self, owner: Owner, key: OnceKey, done: Done) -> None:
        """Keep the answer to a request that this node began."""
        await self._run("finish_once", owner.token, once_name(key), done.status, done.response)

    async def abandon_once(self, owner: Owner, key: OnceKey) -> None:
        """Let the request be begun again."""
        await self._run("abandon_once", owner.token, once_name(key))

    async def _run(self, step: str, *arguments: Argument) -> Any:
        call = (1, self._base, step, self._now(), *arguments)
        try:
            return await self._client.execute_command("EVALSHA", _DIGEST, *call)
        except Exception as error:
            if not self._is_unknown_script(error):
                raise
        return await self._client.execute_command("EVAL", _SCRIPT, *call)

    @staticmethod
    async def _rows(entries: Sequence[Entry], told: Mapping[SessionKey, SessionInfo]) -> list[Argument]:
        """Put sessions into arguments; of those that stand as they were told, no JSON."""
        rows: list[Argument] = []
        written = 0
        for info, limit in entries:
            text = b""
            if not _says_the_same(info, told.get(info.key)):
                text = _to_json(info)
                written += 1
                if written % _ENCODED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            rows += (*_names(info.key), limit or 0, text)
        return rows

    def _found(self, rows: Iterable[Any]) -> Iterable[Found]:
        for text, silent in rows:
            info = self._from_json(text)
            if info is not None:
                yield Found(info, bool(silent))

    def _from_json(self, text: Any) -> SessionInfo | None:
        try:
            return SessionInfo.from_dict(_from_json(text))
        except ValueError:
            self.unreadable_entries += 1
            return None

    def _command(self, fields: Sequence[Any]) -> Command | None:
        try:
            call_id, session_id = json.loads(fields[1])["close"]
        except (ValueError, KeyError, TypeError, IndexError):
            self.unreadable_entries += 1
            return None
        return Close(str(call_id), str(session_id))


def _owner(owner: Owner) -> tuple[Argument, ...]:
    return (
        owner.token,
        encoded(owner.node_id),
        owner.url or "",
        owner.ttl_ms,
        owner.lease_ms,
        owner.silent_ms,
        owner.span_ms,
        owner.interval_ms,
        owner.slowest_ms,
        GRACE_PERCENT,
        owner.lease_known_ms,
        int(owner.cut_off),
    )


def _names(key: SessionKey) -> tuple[str, str]:
    call, session = key
    return encoded(call), encoded(session)


def _touch(told: Sequence[Any]) -> Touch:
    return Touch(int(told[0]), int(told[1]), _text(told[2]), int(told[3]))


def _says_the_same(info: SessionInfo, told: SessionInfo | None) -> bool:
    """Tell whether nothing changed but the time at which it was looked at."""
    return info is told or (
        told is not None
        and info.status is told.status
        and info.metrics == told.metrics
        and (info.reason, info.detail, info.node_id) == (told.reason, told.detail, told.node_id)
    )


def _to_json(info: SessionInfo) -> bytes:
    values = info.to_dict()
    try:
        return to_json(values, inf_nan_mode="constants")
    except ValueError:  # an id holds half a character, which only JSON's escapes can tell
        return json.dumps(values).encode()


def _from_json(text: str | bytes) -> object:
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def _stream_entries(reply: Any) -> list[tuple[Any, Sequence[Any]]]:
    """Read the reply to XREAD on one stream, which client and protocol give in several shapes."""
    if not reply:
        return []
    streams: Any = reply.values() if isinstance(reply, dict) else [stream[1] for stream in reply]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    entries: list[tuple[Any, Sequence[Any]]] = []
    for stream in streams:
        for entry in stream if not stream or not isinstance(stream[0][0], list | tuple) else stream[0]:
            fields: Any = entry[1]
            entries.append((entry[0], [*fields, *fields.values()] if isinstance(fields, dict) else fields))
    return entries


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
