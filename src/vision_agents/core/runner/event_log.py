"""Every event of a session as a line of JSON in a file."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import stat
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeGuard, cast

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import TurnObservedEvent, TurnRulesEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.media.local_file import MediaPath, explain
from vision_agents.core.types.people import Participant

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class EventLog:
    """Writes in a thread what was published since the last write; an error ends the log, never the call.

    Make it with ``async with EventLog.open(path) as log``.
    """

    def __init__(self, path: MediaPath, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._lines: list[str] = []
        self._job: asyncio.Future[None] | None = None
        self._failure: OSError | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, path: MediaPath) -> AsyncGenerator[EventLog]:
        """Make the file, or overwrite it; at the end all lines are in it.

        Raises:
            ConfigurationError: the file cannot be made, or could not be written to its end.
        """
        log = cls(path, await asyncio.to_thread(_create, path))
        try:
            yield log
        except BaseException:
            await log.close()
            raise
        if failure := await log.close():
            raise _unwritable(path, failure) from failure

    def attach(self, events: EventBus) -> None:
        """Write every event of a bus from now on, and what the turn machines see, but no audio."""
        events.on(Event, self.write)
        events.on(TurnObservedEvent, self.write)

    def write(self, event: Event) -> None:
        """Take one event."""
        if self._failure is None:
            self._lines.append(as_json(event))
            self._start_job()

    async def close(self) -> OSError | None:
        """Write what is left and close the file; tells what kept it from being complete."""
        while self._job is not None:
            await asyncio.wait([self._job])
        await asyncio.to_thread(self._file.close)
        return self._failure

    def _start_job(self) -> None:
        if self._job is None and self._lines:
            data, self._lines = "".join(self._lines).encode(), []
            self._job = asyncio.get_running_loop().run_in_executor(None, _write, self._file, data)
            self._job.add_done_callback(self._written)

    def _written(self, job: asyncio.Future[None]) -> None:
        self._job = None
        error = job.exception()
        if isinstance(error, OSError):
            self._failure = error
            self._lines.clear()
        self._start_job()


def as_json(event: Event) -> str:
    """Make one line: what and when, in which session, then the event's own fields."""
    line: dict[str, object] = {
        "type": event.type,
        "at_ms": round(event.at * 1000, 3),
        "session_id": event.session_id,
    }
    common = {item.name for item in dataclasses.fields(Event)}
    names = [item.name for item in dataclasses.fields(event)]
    for name in sorted(names, key=lambda name: name in common):
        line.setdefault(name, getattr(event, name))
    del line["at"]  # told as at_ms
    of_turns = isinstance(event, TurnObservedEvent | TurnRulesEvent)
    return json.dumps(line, ensure_ascii=False, default=_with_kind if of_turns else _plain) + "\n"


def _with_kind(value: object) -> object:
    """Tell the classes of rules, observations and decisions, so that they can be made again."""
    if _is_instance(value) and not isinstance(value, Participant):
        return {"kind": type(value).__name__, **_fields(value)}
    return _plain(value)


def _plain(value: object) -> object:
    """Turn what JSON does not know into what it knows."""
    if isinstance(value, Participant):
        return {"user_id": value.user_id, "id": value.id}
    if _is_instance(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return getattr(value, "__qualname__", str(value))


def _is_instance(value: object) -> TypeGuard[DataclassInstance]:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _fields(value: DataclassInstance) -> dict[str, object]:
    return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}


def _create(path: MediaPath) -> BinaryIO:
    try:
        if Path(path).exists() and not stat.S_ISREG(Path(path).stat().st_mode):
            raise ConfigurationError(
                f"{os.fspath(path)!r} is not a regular file: give the path of a new one."
            )
        # Unbuffered: what was written is in the file, whatever happens then.
        return open(path, "wb", buffering=0)  # noqa: PTH123 - closed by `close`
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error


def _write(file: BinaryIO, data: bytes) -> None:
    whole, rest = file.tell(), memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.truncate(whole)  # half a line is of no use to anybody
        raise


def _unwritable(path: MediaPath, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"The event log {os.fspath(path)!r} cannot be written: {explain(error)}.")
