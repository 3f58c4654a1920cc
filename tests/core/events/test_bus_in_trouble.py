"""The bus stamps what it publishes, survives failing and stuck handlers, and ends with its session."""

import asyncio
import logging
from dataclasses import dataclass
from typing import ClassVar

import pytest

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event

pytestmark = pytest.mark.virtual_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered(Event):
    """One of many."""

    type: ClassVar[str] = "test.numbered"
    number: int = 0


class Heard:
    """Handlers that write down what they got."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def sync(self, event: Numbered) -> None:
        self.numbers.append(event.number)

    async def slow(self, event: Numbered) -> None:
        await asyncio.sleep(1)
        self.numbers.append(event.number)


class TestStamps:
    """An event tells when and where it happened."""

    async def test_session_and_time_are_filled_in(self) -> None:
        bus, got = EventBus(), list[Event]()
        bus.bind(session_id="session_1", spawn=None)
        bus.on(Event, got.append)
        await asyncio.sleep(2)
        bus.publish(Numbered(number=7))
        assert [(event.session_id, event.at) for event in got] == [("session_1", 2.0)]

    async def test_a_time_that_is_known_already_stays(self) -> None:
        bus, got = EventBus(), list[Event]()
        bus.on(Event, got.append)
        await asyncio.sleep(2)
        bus.publish(Numbered(at=1.5))
        assert got[0].at == 1.5

    async def test_all_handlers_get_the_same_event(self) -> None:
        bus, got = EventBus(), list[Event]()
        bus.on(Event, got.append)
        bus.on(Numbered, got.append)
        event = Numbered(number=7)
        bus.publish(event)
        assert got[0] is got[1]
        assert got[0].event_id == event.event_id
        assert got[0].timestamp == event.timestamp


class TestFailures:
    """A failing handler is reported and stops nobody else."""

    async def test_a_sync_failure_becomes_an_event_and_a_log_line(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bus, heard, failures = EventBus(), Heard(), list[ExceptionEvent]()
        error = OSError("gone")

        def broken(event: Numbered) -> None:
            raise error

        bus.subscribe(broken)
        bus.subscribe(heard.sync)
        bus.on(ExceptionEvent, failures.append)
        bus.publish(Numbered(number=7))
        assert heard.numbers == [7]
        [failure] = failures
        assert failure.error is error
        assert "broken" in failure.handler
        [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.name == "vision_agents.events"
        assert record.getMessage() == "An event handler failed"

    async def test_an_async_failure_does_not_stop_what_follows(self) -> None:
        bus, got, failures = EventBus(), list[int](), list[ExceptionEvent]()

        async def broken_on_odd(event: Numbered) -> None:
            await asyncio.sleep(0.1)
            if event.number % 2:
                raise OSError
            got.append(event.number)

        bus.subscribe(broken_on_odd)
        bus.on(ExceptionEvent, failures.append)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            for number in range(5):
                bus.publish(Numbered(number=number))
            await bus.drain()
        assert got == [0, 2, 4]
        assert len(failures) == 2

    async def test_a_failing_failure_handler_ends_there(self) -> None:
        bus, calls = EventBus(), list[Event]()

        def broken(event: Event) -> None:
            calls.append(event)
            raise OSError

        bus.on(Event, broken)
        bus.publish(Numbered(number=7))
        assert [event.type for event in calls] == ["test.numbered", "exception"]


class TestBounds:
    """A handler that never comes back costs a bounded amount of memory, and no end waits for it."""

    async def test_a_backlog_drops_the_oldest(self) -> None:
        bus, got, gate = EventBus(), list[int](), asyncio.Event()

        async def stuck(event: Numbered) -> None:
            await gate.wait()
            got.append(event.number)

        bus.subscribe(stuck)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            bus.publish(Numbered(number=-1))
            await asyncio.sleep(0)
            for number in range(1500):
                bus.publish(Numbered(number=number))
            gate.set()
            await bus.drain()
        assert got == [-1, *range(500, 1500)]

    async def test_the_end_of_the_session_ends_its_handlers(self) -> None:
        bus, got = EventBus(), list[int]()

        async def stuck(event: Numbered) -> None:
            got.append(event.number)
            await asyncio.sleep(3600)

        bus.subscribe(stuck)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            for number in range(3):
                bus.publish(Numbered(number=number))
            await asyncio.sleep(1)
        bus.bind(session_id="s", spawn=None)
        assert got == [0]
        async with asyncio.timeout(1):
            await bus.drain()

    async def test_after_the_session_only_sync_handlers_are_called(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bus, late, heard = EventBus(), Heard(), Heard()
        bus.subscribe(late.slow)
        bus.subscribe(heard.sync)
        bus.bind(session_id="s", spawn=None)
        bus.publish(Numbered(number=7))
        await asyncio.sleep(2)
        assert (late.numbers, heard.numbers) == ([], [7])
        [record] = caplog.records
        assert "too late" in record.getMessage()

    async def test_while_the_session_ends_only_sync_handlers_are_called_and_nothing_is_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        bus, late, heard = EventBus(), Heard(), Heard()
        bus.subscribe(late.slow)
        bus.subscribe(heard.sync)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
        for number in (7, 8):
            bus.publish(Numbered(number=number))
        await bus.drain()
        await asyncio.sleep(2)
        assert (late.numbers, heard.numbers) == ([], [7, 8])
        assert not caplog.records

    async def test_a_bus_serves_one_session_after_the_other(self) -> None:
        bus, heard = EventBus(), Heard()
        bus.subscribe(heard.slow)
        for number in (1, 2):
            async with TaskScope("handlers") as scope:
                bus.bind(session_id=f"session_{number}", spawn=scope.start)
                bus.publish(Numbered(number=number))
                await bus.drain()
        assert heard.numbers == [1, 2]
