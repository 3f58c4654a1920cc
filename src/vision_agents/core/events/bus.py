"""The typed event bus of one agent: in order, sync and async handlers, failures kept apart."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
import types
import typing
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar, Union, cast, get_args, get_origin
from weakref import WeakSet

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import ScopeClosed
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.event import Event

logger = logging.getLogger("vision_agents.events")

Handler: TypeAlias = Callable[[Any], Awaitable[None] | None]
HandlerT = TypeVar("HandlerT", bound=Callable[..., object])
Fields = ParamSpec("Fields")
Kind: TypeAlias = type[Event] | str

_BACKLOG = 1000
"""Calls that may wait for one slow async handler before the oldest is dropped."""


class Spawn(Protocol):
    """Starts a task that ends with the session."""

    def __call__(self, work: Coroutine[Any, Any, Any], /, *, name: str) -> asyncio.Task[None]:
        """Run `work` as a child of the session."""
        ...


class _Subscription:
    """One handler and, where it is async, the calls that wait for it."""

    def __init__(self, handler: Handler, kinds: tuple[Kind, ...]) -> None:
        self.handler = handler
        self.kinds = kinds
        self.classes = tuple(kind for kind in kinds if not isinstance(kind, str))
        self.name = getattr(handler, "__qualname__", type(handler).__name__)
        self.waiting: list[Awaitable[None]] = []
        self.worker: asyncio.Task[None] | None = None
        self.dropped = 0

    def wants(self, event_class: type[Event]) -> bool:
        if event_class in self.kinds or event_class.type in self.kinds:
            return True
        return not event_class.frequent and issubclass(event_class, self.classes)

    def enqueue(self, call: Awaitable[None]) -> None:
        if len(self.waiting) >= _BACKLOG:
            _discard(self.waiting.pop(0))
            self.dropped += 1
        self.waiting.append(call)

    def discard(self) -> None:
        while self.waiting:
            _discard(self.waiting.pop(0))


class _Interest(dict[Callable[..., Event], tuple[_Subscription, ...]]):
    """Who wants the events of a class; worked out with the first one."""

    __slots__ = ("_subscriptions",)

    def __init__(self, subscriptions: list[_Subscription]) -> None:
        super().__init__()
        self._subscriptions = subscriptions

    def __missing__(self, event_class: Callable[..., Event]) -> tuple[_Subscription, ...]:
        kind = cast("type[Event]", event_class)
        self[event_class] = wanting = tuple(s for s in self._subscriptions if s.wants(kind))
        return wanting


class EventBus:
    """Publishes to handlers in the order of publication, one handler after the other.

    Sync handlers run at once; an async handler gets its events one at a time. A failing handler is logged,
    reported as `ExceptionEvent`, and stops nobody else.
    """

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []
        self._interest = _Interest(self._subscriptions)
        self._session_id = ""
        self._spawn: Spawn | None = None
        _buses.add(self)
        for kind, handler in _taps:
            self.on(kind, handler)

    def bind(self, *, session_id: str, spawn: Spawn | None) -> None:
        """Tie the bus to a session: whose id events carry, and whose tasks run async handlers."""
        self._session_id = session_id
        self._spawn = spawn

    def subscribe(self, handler: HandlerT) -> HandlerT:
        """Call `handler` for the events that the type hint of its first parameter names (one or a union)."""
        self._add(handler, _hinted_kinds(handler))
        return handler

    def on(self, kind: Kind, handler: Handler | None = None) -> Callable[[HandlerT], HandlerT]:
        """Call `handler` for events of a class or a type string; without a handler, a decorator."""
        if handler is not None:
            self._add(handler, (kind,))

        def keep(function: HandlerT) -> HandlerT:
            self._add(function, (kind,))
            return function

        return keep

    def adopt(self, other: EventBus) -> None:
        """Call the handlers of another bus, too."""
        for subscription in other._subscriptions:
            for kind in subscription.kinds:
                self._add(subscription.handler, (kind,))

    def off(self, handler: Callable[..., object], kind: Kind | None = None) -> None:
        """Stop calling `handler`, for events of one `kind` or at all; unknown ones are ignored."""
        kept = [s for s in self._subscriptions if s.handler != handler or kind not in {None, *s.kinds}]
        self._subscriptions[:] = kept
        self._interest.clear()

    @staticmethod
    def tap(kind: Kind, handler: Handler) -> None:
        """Call `handler` for the events of every session of this process, present and to come."""
        _taps.append((kind, handler))
        for bus in _buses:
            bus.on(kind, handler)

    @staticmethod
    def untap(handler: Handler) -> None:
        """Undo `tap`."""
        _taps[:] = [tap for tap in _taps if tap[1] != handler]
        for bus in _buses:
            bus.off(handler)

    def has_subscribers(self, event_class: type[Event]) -> bool:
        """Tell whether anybody would be called: ask before working out what an event would say."""
        return bool(self._subscriptions and self._interest[event_class])

    def emit(
        self, event_class: Callable[Fields, Event], /, *args: Fields.args, **fields: Fields.kwargs
    ) -> None:
        """Publish an event, given as its class and fields: where nobody listens, it is not even built.

        `session_id` and `at` are the bus's own to fill in.
        """
        if self._subscriptions and (subscriptions := self._interest[event_class]):
            build = cast("Callable[..., Event]", event_class)
            now = asyncio.get_running_loop().time()
            event = build(*args, session_id=self._session_id, at=now, **fields)
            for subscription in subscriptions:
                self._call(subscription, event)

    def publish(self, event: Event) -> None:
        """Stamp the event with the session and the loop's clock, and call the handlers."""
        subscriptions = self._interest[type(event)]
        if not subscriptions:
            return
        now = asyncio.get_running_loop().time()
        stamped = dataclasses.replace(event, session_id=self._session_id, at=event.at or now)
        for subscription in subscriptions:
            self._call(subscription, stamped)

    async def drain(self) -> None:
        """Wait until the async handlers have taken everything that was published."""
        while workers := [s.worker for s in self._subscriptions if s.worker is not None]:
            await asyncio.wait(workers)

    def _add(self, handler: Callable[..., object], kinds: tuple[Kind, ...]) -> None:
        if any(s.handler == handler and s.kinds == kinds for s in self._subscriptions):
            return
        self._subscriptions.append(_Subscription(cast("Handler", handler), kinds))
        self._interest.clear()

    def _call(self, subscription: _Subscription, event: Event) -> None:
        try:
            result = subscription.handler(event)
        except Exception as error:  # noqa: BLE001 - a handler is foreign code
            self._failed(subscription, event, error)
            return
        if not inspect.isawaitable(result):
            return
        if self._spawn is None:
            _discard(result)
            logger.warning(
                "An event came too late for an async handler", extra={"handler": subscription.name}
            )
            return
        subscription.enqueue(result)
        if subscription.worker is None:
            work = self._work(subscription, event)
            try:
                subscription.worker = self._spawn(work, name=f"handler:{subscription.name}")
            except ScopeClosed:
                subscription.discard()  # the session ends right now: nobody is there to run it

    async def _work(self, subscription: _Subscription, event: Event) -> None:
        try:
            while subscription.waiting:
                try:
                    await subscription.waiting.pop(0)
                except Exception as error:  # noqa: BLE001 - a handler is foreign code
                    self._failed(subscription, event, error)
        finally:
            subscription.worker = None
            subscription.discard()

    def _failed(self, subscription: _Subscription, event: Event, error: Exception) -> None:
        logger.error(
            "An event handler failed",
            extra={"handler": subscription.name, "event": event.type, **failure_fields(error)},
        )
        if not isinstance(event, ExceptionEvent):
            self.publish(ExceptionEvent(handler=subscription.name, error=error))


_buses: WeakSet[EventBus] = WeakSet()
_taps: list[tuple[Kind, Handler]] = []


def _discard(call: Awaitable[None]) -> None:
    """Drop a coroutine without the warning that it was never awaited."""
    if inspect.iscoroutine(call):
        call.close()


def _hinted_kinds(handler: Callable[..., object]) -> tuple[type[Event], ...]:
    function: Any = handler
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    function = function if inspect.isroutine(function) else type(function).__call__
    first = next(iter(inspect.signature(handler).parameters), "")
    hint = typing.get_type_hints(function).get(first)
    is_union = get_origin(hint) in {Union, types.UnionType}
    kinds = get_args(hint) if is_union else (hint,)
    if not kinds or not all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds):
        raise ConfigurationError(
            f"Cannot tell which events {getattr(handler, '__qualname__', handler)} wants: "
            "annotate its first parameter with an event class or a union of them."
        )
    return cast("tuple[type[Event], ...]", kinds)
