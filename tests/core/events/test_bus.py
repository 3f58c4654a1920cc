"""Events reach everybody who wants them, in order, and one failing handler harms no other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Union

import pytest

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import UserTranscriptEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ErrorEvent, LLMErrorEvent, PluginEvent, TTSErrorEvent

pytestmark = pytest.mark.virtual_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered(Event):
    """One of many."""

    type: ClassVar[str] = "test.numbered"
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Event):
    """Comes fifty times a second."""

    type: ClassVar[str] = "test.frame"
    frequent: ClassVar[bool] = True


def said(text: str = "hello") -> UserTranscriptEvent:
    return UserTranscriptEvent(text=text)


class Heard:
    """Handlers that write down what they got."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def sync(self, event: UserTranscriptEvent) -> None:
        self.texts.append(event.text)

    async def slow(self, event: UserTranscriptEvent) -> None:
        await asyncio.sleep(1 if event.text == "first" else 0.1)
        self.texts.append(event.text)


class TestWhoIsCalled:
    """A handler gets the events of its kinds."""

    async def test_a_class_brings_its_subclasses(self) -> None:
        bus, got = EventBus(), list[str]()
        bus.on(ErrorEvent, lambda event: got.append(event.error_message))
        bus.publish(LLMErrorEvent(error_message="llm"))
        bus.publish(TTSErrorEvent(error_message="tts"))
        bus.publish(PluginEvent())
        assert got == ["llm", "tts"]

    async def test_a_name_brings_that_event(self) -> None:
        bus, got = EventBus(), list[Event]()
        bus.on("agent.user_transcript", got.append)
        bus.publish(said())
        bus.publish(Numbered())
        assert [event.type for event in got] == ["agent.user_transcript"]

    async def test_on_is_a_decorator_too(self) -> None:
        bus, got = EventBus(), list[int]()

        @bus.on("test.numbered")
        def handler(event: Numbered) -> None:
            got.append(event.number)

        bus.publish(Numbered(number=5))
        handler(Numbered(number=6))
        assert got == [5, 6]

    async def test_the_hint_of_the_first_parameter_decides(self) -> None:
        bus, got = EventBus(), list[Event]()

        @bus.subscribe
        def one(event: Numbered) -> None:
            got.append(event)

        @bus.subscribe
        def old_union(event: Union[Numbered, UserTranscriptEvent]) -> None:  # noqa: UP007 - users write it
            got.append(event)

        @bus.subscribe
        async def union(event: Numbered | UserTranscriptEvent) -> None:
            got.append(event)

        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            bus.publish(Numbered())
            bus.publish(said())
            await bus.drain()
        assert sorted(event.type for event in got) == [*["agent.user_transcript"] * 2, *["test.numbered"] * 3]

    async def test_methods_and_callable_objects_may_be_subscribed(self) -> None:
        class Collector:
            def __init__(self) -> None:
                self.got: list[Event] = []

            def __call__(self, event: Numbered) -> None:
                self.got.append(event)

        bus, heard, collector = EventBus(), Heard(), Collector()
        bus.subscribe(heard.sync)
        bus.subscribe(collector)
        bus.publish(said("hello"))
        bus.publish(Numbered())
        assert heard.texts == ["hello"]
        assert len(collector.got) == 1

    @pytest.mark.parametrize("hint", [None, int, Numbered | int, "Numbered | None"])
    async def test_a_hint_that_names_no_event_is_refused(self, hint: Any) -> None:
        def handler(event: Any) -> None: ...

        handler.__annotations__ = {} if hint is None else {"event": hint}
        with pytest.raises(ConfigurationError, match="annotate its first parameter"):
            EventBus().subscribe(handler)

    async def test_a_frequent_event_comes_only_to_who_asks_for_it(self) -> None:
        bus, everything, by_class, by_name = EventBus(), list[Event](), list[Event](), list[Event]()
        bus.on(Event, everything.append)
        bus.on(Frame, by_class.append)
        bus.on("test.frame", by_name.append)
        bus.publish(Frame())
        assert (len(everything), len(by_class), len(by_name)) == (0, 1, 1)

    async def test_it_is_told_whether_anybody_listens(self) -> None:
        bus = EventBus()
        assert not bus.has_subscribers(Numbered)
        bus.on(Event, lambda _: None)
        assert bus.has_subscribers(Numbered)
        assert not bus.has_subscribers(Frame)
        bus.on("test.frame", lambda _: None)
        assert bus.has_subscribers(Frame)

    async def test_an_event_that_nobody_wants_is_not_built(self) -> None:
        bus, got, built = EventBus(), list[Event](), list[int]()

        @dataclass(frozen=True, slots=True, kw_only=True)
        class Costly(Event):
            number: int

            def __post_init__(self) -> None:
                built.append(self.number)

        bus.bind(session_id="s1", spawn=None)
        bus.emit(Costly, number=1)
        assert built == []
        bus.on(Costly, got.append)
        bus.emit(Costly, number=2)
        assert [(type(event), event.session_id) for event in got] == [(Costly, "s1")]

    async def test_the_same_handler_is_called_once(self) -> None:
        bus, heard = EventBus(), Heard()
        for _ in range(2):
            bus.subscribe(heard.sync)
            bus.on(UserTranscriptEvent, heard.sync)
        bus.publish(said())
        assert heard.texts == ["hello"]

    async def test_who_has_left_is_not_called(self) -> None:
        bus, left, stayed = EventBus(), Heard(), Heard()
        bus.subscribe(left.sync)
        bus.on("agent.user_transcript", left.sync)
        bus.subscribe(stayed.sync)
        bus.off(left.sync)
        bus.off(print)
        bus.publish(said())
        assert (left.texts, stayed.texts) == ([], ["hello"])

    async def test_who_comes_during_an_event_gets_the_next_one(self) -> None:
        bus, got = EventBus(), list[int]()

        def late(event: Numbered) -> None:
            got.append(event.number)

        def bring(event: Numbered) -> None:
            bus.subscribe(late)

        bus.subscribe(bring)
        bus.publish(Numbered(number=1))
        bus.publish(Numbered(number=2))
        assert got == [2]


class TestOrder:
    """Events come in the order in which they were published."""

    async def test_sync_handlers_are_called_before_publish_returns_and_in_their_order(self) -> None:
        bus, got = EventBus(), list[str]()
        bus.on(Numbered, lambda event: got.append(f"a{event.number}"))
        bus.on(Numbered, lambda event: got.append(f"b{event.number}"))
        bus.publish(Numbered(number=1))
        bus.publish(Numbered(number=2))
        assert got == ["a1", "b1", "a2", "b2"]

    async def test_an_async_handler_gets_one_event_after_the_other(self) -> None:
        bus, heard = EventBus(), Heard()
        bus.subscribe(heard.slow)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            for text in ("first", "second", "third"):
                bus.publish(said(text))
            assert heard.texts == []
            await bus.drain()
        assert heard.texts == ["first", "second", "third"]

    async def test_a_slow_handler_does_not_delay_the_others(self) -> None:
        bus, slow, quick = EventBus(), Heard(), Heard()
        bus.subscribe(slow.slow)
        bus.subscribe(quick.sync)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            bus.publish(said("first"))
            assert quick.texts == ["first"]
            await bus.drain()

    async def test_after_a_rest_an_async_handler_goes_on(self) -> None:
        bus, heard = EventBus(), Heard()
        bus.subscribe(heard.slow)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            for text in ("first", "second"):
                bus.publish(said(text))
                await bus.drain()
        assert heard.texts == ["first", "second"]

    async def test_draining_waits_for_what_handlers_publish(self) -> None:
        bus, got = EventBus(), list[int]()

        async def count_down(event: Numbered) -> None:
            await asyncio.sleep(1)
            got.append(event.number)
            if event.number:
                bus.publish(Numbered(number=event.number - 1))

        bus.subscribe(count_down)
        async with TaskScope("handlers") as scope:
            bus.bind(session_id="s", spawn=scope.start)
            bus.publish(Numbered(number=3))
            await bus.drain()
        assert got == [3, 2, 1, 0]


def collect_plainly(got: list[int], event: Numbered) -> None:
    got.append(event.number)


async def collect(got: list[int], event: Numbered) -> None:
    await asyncio.sleep(0.1)
    got.append(event.number)


class CollectOnCall:
    """A callable object; `collect` waits."""

    def __init__(self, got: list[int]) -> None:
        self.got = got

    async def __call__(self, event: Numbered) -> None:
        await collect(self.got, event)


MAKERS: dict[str, Callable[[list[int]], Callable[[Numbered], Awaitable[None] | None]]] = {
    "partial": lambda got: partial(collect_plainly, got),
    "async partial": lambda got: partial(collect, got),
    "lambda": lambda got: lambda event: got.append(event.number),
    "lambda with a coroutine": lambda got: lambda event: collect(got, event),
    "async callable object": CollectOnCall,
    "async method": lambda got: CollectOnCall(got).__call__,
    "lambda with a future": lambda got: lambda event: asyncio.ensure_future(collect(got, event)),  # noqa: TID251 - users do
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
async def test_every_callable_is_a_handler(
    maker: Callable[[list[int]], Callable[[Numbered], Awaitable[None] | None]],
) -> None:
    bus, got = EventBus(), list[int]()
    bus.on(Numbered, maker(got))
    async with TaskScope("handlers") as scope:
        bus.bind(session_id="s", spawn=scope.start)
        bus.publish(Numbered(number=1))
        bus.publish(Numbered(number=2))
        await bus.drain()
    assert got == [1, 2]
