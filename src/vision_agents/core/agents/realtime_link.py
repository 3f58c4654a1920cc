"""The session's connection to a realtime model: opened, opened again when it breaks, its events sorted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message
from vision_agents.core.llm.realtime import (
    ConnectionLost,
    Realtime,
    RealtimeConnection,
    RealtimeEvent,
    RealtimeSetup,
    ResponseDone,
    ResponseEvent,
    ResponseStarted,
    UserEvent,
    UserSpeechEnded,
    UserSpeechStarted,
    UserTranscript,
)
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.realtime")

_FIRST_PAUSE: Seconds = 0.25
_LONGEST_PAUSE: Seconds = 5.0


@dataclass(eq=False, slots=True)
class Response:
    """One answer of the model; its events are kept until somebody follows them.

    `id` is "" until it has begun. The events are not bounded: all of an answer is wanted, and it ends.
    """

    id: str = ""
    events: asyncio.Queue[ResponseEvent] = field(default_factory=asyncio.Queue[ResponseEvent])
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHooks:
    """Whom the link tells.

    Args:
        user: what the model hears of the user.
        unasked: the model answers though nobody asked or expected it.
        lost: the connection broke; a new one is being opened.
    """

    user: Callable[[UserEvent], None]
    unasked: Callable[[Response], None]
    lost: Callable[[Exception], None]


class RealtimeLink:
    """Keeps one conversation with the model going.

    Args:
        model: the model.
        setup: gives what a connection begins with, the history as it is by then included.
        history: the conversation; the model is told of what it has not said or heard itself.
        scope: holds the task that opens a connection again.
    """

    def __init__(
        self, model: Realtime, *, setup: RealtimeSetup, history: Conversation, scope: TaskScope
    ) -> None:
        self.model = model
        self._setup = setup
        self._history = history
        self._scope = scope
        self._hooks: LinkHooks | None = None
        self._connection: RealtimeConnection | None = None
        self._generation = 0
        self._responses: dict[str, Response] = {}
        self._requested: dict[str, Response] = {}
        self._expected: Response | None = None
        self._declined = False
        self._known: set[str] = set()
        self._closed = False

    async def connect(self, hooks: LinkHooks) -> None:
        """Open the connection; raises what the model raises."""
        self._hooks = hooks
        await self._open()

    @property
    def connected(self) -> bool:
        """Whether there is a connection at the moment."""
        return self._connection is not None

    def push(self, pcm: PcmData) -> None:
        """Let the model hear."""
        if self._connection is not None:
            self._connection.push(pcm)

    def knows(self, item_id: str) -> None:
        """Note that the model itself said or heard an item."""
        self._known.add(item_id)

    def add(self, item: HistoryItem) -> None:
        """Tell the model of something."""
        self.knows(_id_of(item))
        if self._connection is not None:
            self._connection.add(item)

    def request(self, instructions: str) -> Response:
        """Ask for an answer, after telling the model what it does not know yet."""
        if self._connection is None:
            raise ProviderError(
                "The realtime model is not connected.",
                provider=self.model.provider,
                stage="llm",
                retryable=True,
            )
        for item in self._history.context:
            if _id_of(item) not in self._known:
                self.add(item)
        name, response = new_id("req"), Response()
        self._requested[name] = response
        self._connection.request(name, instructions)
        return response

    def expect(self) -> Response:
        """Expect the model to answer by itself, soon."""
        self._expected, self._declined = Response(), False
        return self._expected

    def decline(self) -> None:
        """Let the answer that the model is about to give by itself be none."""
        self._expected, self._declined = None, True

    def interrupt(self, response: Response, played: Seconds = 0.0, heard: str = "") -> None:
        """Give a response up, of which so much was played and heard."""
        if self._expected is response:
            self._expected = None
        self._requested = {name: item for name, item in self._requested.items() if item is not response}
        self._responses.pop(response.id, None)
        if self._connection is not None:
            self._connection.interrupt(response.id, played=played, heard=heard)

    async def close(self) -> None:
        """End the conversation; nothing is told any more."""
        self._closed = True
        self._generation += 1
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> None:
        self._generation += 1
        generation = self._generation

        def sink(event: RealtimeEvent) -> None:
            if generation == self._generation:
                self._take(event)

        items = self._history.context
        setup = RealtimeSetup(
            instructions=self._setup.instructions,
            tools=self._setup.tools,
            items=items,
            hears=self._setup.hears,
            speaks=self._setup.speaks,
        )
        connection = await self.model.open(setup, sink)
        if generation != self._generation:
            await connection.close()
            return
        self._connection = connection
        self._known.update(map(_id_of, items))

    def _take(self, event: RealtimeEvent) -> None:
        assert self._hooks is not None
        match event:
            case UserSpeechStarted() | UserSpeechEnded() | UserTranscript():
                self._hooks.user(event)
            case ResponseStarted():
                self._begin(event)
            case ConnectionLost(error=error):
                self._lose(error)
            case _:
                self._pass_on(event)

    def _begin(self, event: ResponseStarted) -> None:
        assert self._hooks is not None
        if event.request:
            response = self._requested.pop(event.request, None)
            if response is None:
                return  # given up meanwhile
        elif self._declined and self._connection is not None:
            self._declined = False
            self._connection.interrupt(event.response, played=0.0, heard="")
            return
        else:
            response, self._expected = self._expected, None
        unasked = response is None
        response = response or Response()
        response.id = event.response
        self._responses[event.response] = response
        if unasked:
            self._hooks.unasked(response)

    def _pass_on(self, event: ResponseEvent) -> None:
        response = self._responses.get(event.response)
        if response is None:
            return
        response.events.put_nowait(event)
        if isinstance(event, ResponseDone):
            response.over = True
            del self._responses[event.response]

    def _lose(self, error: Exception) -> None:
        assert self._hooks is not None
        lost, self._connection = self._connection, None
        self._generation += 1
        waiting = [*self._responses.values(), *self._requested.values()]
        if self._expected is not None:
            waiting.append(self._expected)
        self._responses, self._requested, self._expected = {}, {}, None
        for response in waiting:
            response.over = True
            response.events.put_nowait(ResponseDone(response.id, error=error))
        self._hooks.lost(error)
        if not self._scope.closed:
            self._scope.start(self._reopen(lost), name="realtime")

    async def _reopen(self, lost: RealtimeConnection | None) -> None:
        if lost is not None:
            await lost.close()
        pause = _FIRST_PAUSE
        while not self._closed and self._connection is None:
            try:
                await self._open()
            except ProviderError as error:
                logger.warning(
                    "The realtime model could not be reached again", extra={"error": type(error).__name__}
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)


def _id_of(item: HistoryItem) -> str:
    match item:
        case Message(id=name):
            return name
        case FunctionCall(id=name):
            return f"call:{name}"
        case FunctionResult(call_id=name):
            return f"result:{name}"
