"""The event log: one JSON object a line, complete or told to be incomplete."""

from __future__ import annotations

import asyncio
import errno
import json
import resource
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import CallInfo, ExceptionEvent, UserStateChangedEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import AudioReceivedEvent, ParticipantJoinedEvent, ToolStartEvent
from vision_agents.core.runner.event_log import EventLog, as_json
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import UserState

ANN = Participant(object(), "ann", "participant_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedEvent(Event):
    """An event of a user."""

    type: ClassVar[str] = "cafe.ordered"
    dishes: frozenset[str] = frozenset()
    prices: Mapping[str, object] = field(default_factory=dict[str, object])


def read(event: Event) -> dict[str, Any]:
    line = as_json(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    return json.loads(line)


def test_what_when_and_where_come_first() -> None:
    event = ToolStartEvent(
        session_id="s", at=12.3456789, tool_name="order", arguments={"dish": "süß\nsauer"}, tool_call_id="c"
    )

    assert list(read(event).items())[:6] == [
        ("type", "plugin.llm.tool.start"),
        ("at_ms", 12345.679),
        ("session_id", "s"),
        ("plugin_name", ""),
        ("tool_name", "order"),
        ("arguments", {"dish": "süß\nsauer"}),
    ]
    assert "at" not in read(event)


def test_participants_calls_states_and_errors_are_plain() -> None:
    joined = read(ParticipantJoinedEvent(participant=ANN, call=CallInfo("lunch", "default")))
    changed = read(UserStateChangedEvent(state=UserState.SPEAKING, old_state=UserState.IDLE))
    failed = read(ExceptionEvent(handler="on_order", error=ValueError("no soup")))

    assert joined["participant"] == {"user_id": "ann", "id": "participant_1"}
    assert joined["call"] == {"id": "lunch", "type": "default"}
    assert (changed["state"], changed["old_state"], changed["participant"]) == ("speaking", "idle", None)
    assert failed["error"] == "ValueError: no soup"
    assert joined["timestamp"].endswith("+00:00")


def test_what_json_does_not_know_becomes_text() -> None:
    class Soup:
        def __str__(self) -> str:
            return "soup"

    line = read(OrderedEvent(dishes=frozenset({"soup"}), prices={"today": Soup()}))

    assert line["prices"] == {"today": "soup"}
    assert "soup" in line["dishes"]


async def write_and_fail(path: Path) -> None:
    async with EventLog.open(path) as log:
        log.write(OrderedEvent())
        raise ZeroDivisionError


async def test_every_event_is_written_but_the_frequent_ones(tmp_path: Path) -> None:
    path, bus = tmp_path / "events.jsonl", EventBus()
    path.write_text("old")
    async with EventLog.open(path) as log:
        log.attach(bus)
        for count in range(500):
            bus.publish(ToolStartEvent(tool_name=str(count), arguments={}))
            if count % 100 == 0:
                await asyncio.sleep(0)
        bus.publish(OrderedEvent())
        assert not bus.has_subscribers(AudioReceivedEvent)

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line.get("tool_name") for line in lines] == [*map(str, range(500)), None]


async def test_the_lines_are_there_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(path)

    assert json.loads(path.read_text())["type"] == "cafe.ordered"


@pytest.mark.parametrize(
    ("name", "text"), [(".", "not a regular file"), ("no/where", "cannot be written: no such file")]
)
async def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        async with EventLog.open(tmp_path / name):
            pass


@contextmanager
def small_disk(size: int) -> Generator[None]:
    """No file can become longer than `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.virtual_time
async def test_a_full_disk_ends_the_log_at_a_whole_line_and_is_told_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    async def write() -> None:
        async with EventLog.open(path) as log:
            for length in (
                1,
                1000,
                1,
                1,
            ):  # the third one would fit again, but would hide that one is missing
                log.write(OrderedEvent(dishes=frozenset({"x" * length})))
                await asyncio.sleep(0)

    with (
        small_disk(1000),
        pytest.raises(ConfigurationError, match=r"jsonl' cannot be written: file too large\.$"),
    ):
        await write()

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 1


async def test_an_error_of_the_block_is_not_hidden_by_the_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vision_agents.core.runner.event_log._write", fill)
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(tmp_path / "events.jsonl")
