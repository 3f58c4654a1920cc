"""A speech-to-speech model that follows a script, with voices that can be read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.messages import FunctionResult, HistoryItem, Message
from vision_agents.core.llm.llm import ToolCall, Usage
from vision_agents.core.llm.realtime import (
    ConnectionLost,
    Realtime,
    RealtimeConnection,
    RealtimeProfile,
    RealtimeSetup,
    RealtimeSink,
    ResponseAudio,
    ResponseDone,
    ResponseStarted,
    ResponseText,
    ResponseToolCall,
    UserSpeechEnded,
    UserSpeechStarted,
    UserTranscript,
)
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.units import Seconds
from vision_agents.testing.scripted import Calls, Fails, Line, Says
from vision_agents.testing.tone_speech import read_speech, speak

_LOUD = 1000
_SILENCE: Seconds = 0.3
_PIECE: Seconds = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Habits of a realtime provider.

    Args:
        transcript_delay: seconds from the end of the user's speech to its transcript.
        speed: how much faster than real time audio comes.
        mute: answers in text and never gives audio.
        ignores: words of the user that it does not answer.
    """

    transcript_delay: Seconds = 0.1
    speed: float = 4.0
    mute: bool = False
    ignores: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a speed at which nothing comes."""
        if self.speed <= 0:
            raise ValueError(f"speed must be > 0, not {self.speed}.")


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A response that the session gave up, and what it said was heard of it."""

    response: str
    played: Seconds
    heard: str


@dataclass(slots=True)
class RealtimeLog:
    """What the session did with the model, connection after connection."""

    setups: list[RealtimeSetup] = field(default_factory=list[RealtimeSetup])
    requests: list[str] = field(default_factory=list[str])
    """The instructions of each answer that was asked for."""
    added: list[HistoryItem] = field(default_factory=list[HistoryItem])
    given_up: list[GivenUp] = field(default_factory=list[GivenUp])


class ScriptedRealtime(Realtime):
    """Hears tone speech, and gives its lines in order; an answer beyond the script fails.

    Args:
        lines: the answers.
        quirks: habits of the provider it plays.
        profile: what it can do.
        refuses: errors of the first connections, one each.
    """

    provider = "scripted"

    def __init__(
        self,
        *lines: Line | str,
        quirks: Quirks | None = None,
        profile: RealtimeProfile | None = None,
        refuses: Sequence[Exception] = (),
    ) -> None:
        super().__init__()
        self.lines = deque(Says(text=line) if isinstance(line, str) else line for line in lines)
        self.quirks = quirks or Quirks()
        self.profile = profile or RealtimeProfile(input_rate=16_000)
        self.log = RealtimeLog()
        self.unexpected: list[str] = []
        self._refuses = deque(refuses)
        self._connection: _Connection | None = None

    async def open(self, setup: RealtimeSetup, sink: RealtimeSink) -> RealtimeConnection:
        """Begin a conversation."""
        await asyncio.sleep(0.05)
        if self._refuses:
            raise self._refuses.popleft()
        self.log.setups.append(setup)
        self._connection = _Connection(self, setup, sink)
        return self._connection

    def breaks(self) -> None:
        """Lose the connection, as a network does."""
        assert self._connection is not None, "Nothing is connected."
        self._connection.breaks()

    def speaks_up(self) -> None:
        """Answer though nobody asked."""
        assert self._connection is not None, "Nothing is connected."
        self._connection.answer("")

    def next_line(self, asked: str) -> Line:
        """Give the next line, if it fits what was asked."""
        line = self.lines.popleft() if self.lines else None
        if line is None or line.to not in asked:
            self.unexpected.append(asked)
            return Fails(
                error=ProviderError(
                    f"The script has no line for {asked!r}.", provider=self.provider, stage="llm"
                )
            )
        return line

    def assert_done(self) -> None:
        """Check that every line was used and nothing else was asked."""
        assert not self.unexpected, f"The model was asked beyond its script: {self.unexpected}"
        assert not self.lines, f"Lines of the script were not used: {list(self.lines)}"


class _Hearing:
    """Finds the user's turns in the audio by loudness."""

    def __init__(self, rate: int, started: Callable[[], None], ended: Callable[[Seconds, str], None]) -> None:
        self._rate = rate
        self._started = started
        self._ended = ended
        self._turn: list[PcmData] = []
        self._samples = 0
        self._loud_at: int | None = None

    def push(self, pcm: PcmData) -> None:
        self._samples += len(pcm)
        loud = bool(len(pcm)) and int(abs(pcm.samples.astype(int)).max()) > _LOUD
        if loud:
            if self._loud_at is None:
                self._turn = []
                self._started()
            self._loud_at = self._samples
        if self._loud_at is not None:
            self._turn.append(pcm)
            if self._samples - self._loud_at >= _SILENCE * self._rate:
                ended, self._loud_at = self._loud_at / self._rate, None
                self._ended(ended, _words(self._turn))


class _Connection(RealtimeConnection):
    def __init__(self, model: ScriptedRealtime, setup: RealtimeSetup, sink: RealtimeSink) -> None:
        self._model = model
        self._setup = setup
        self._sink = sink
        self._scope = TaskScope("scripted-realtime")
        self._hearing = _Hearing(model.profile.input_rate, self._on_speech, self._on_speech_ended)
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._last = _text_of(setup.items[-1]) if setup.items else ""

    def push(self, pcm: PcmData) -> None:
        self._hearing.push(pcm)

    def add(self, item: HistoryItem) -> None:
        self._model.log.added.append(item)
        self._last = _text_of(item)

    def request(self, request: str, instructions: str = "") -> None:
        self._model.log.requests.append(instructions)
        self.answer(instructions or self._last, request)

    def interrupt(self, response: str, *, played: Seconds, heard: str) -> None:
        self._model.log.given_up.append(GivenUp(response, played, heard))
        self._stop(response)

    async def close(self) -> None:
        await self._scope.close()

    def breaks(self) -> None:
        self._stop("")
        error = ProviderError("The connection was reset.", provider="scripted", stage="llm", retryable=True)
        self._sink(ConnectionLost(error))

    def answer(self, asked: str, request: str = "") -> None:
        response = new_id("resp")
        work = self._answer(response, asked, request)
        self._answering[response] = self._scope.start(work, name=response)

    def _stop(self, response: str) -> None:
        for name, task in list(self._answering.items()):
            if response in {"", name}:
                task.cancel()
                del self._answering[name]

    def _on_speech(self) -> None:
        self._stop("")
        self._sink(UserSpeechStarted())

    def _on_speech_ended(self, at: Seconds, text: str) -> None:
        item = new_id("item")
        answered = bool(text) and text not in self._model.quirks.ignores
        self._sink(UserSpeechEnded(item=item, at=at, answered=answered))
        self._scope.start(self._transcribe(item, text), name="transcript")
        if answered:
            self.answer(text)

    async def _transcribe(self, item: str, text: str) -> None:
        await asyncio.sleep(self._model.quirks.transcript_delay)
        self._sink(UserTranscript(text=text, item=item))

    async def _answer(self, response: str, asked: str, request: str) -> None:
        line = self._model.next_line(asked)
        if not isinstance(line, Fails):
            await asyncio.sleep(line.first_token)
        self._sink(ResponseStarted(response, request))
        error = None
        match line:
            case Fails():
                error = line.error
            case Calls():
                self._sink(ResponseToolCall(response, ToolCall(new_id("call"), line.tool, line.arguments)))
            case Says():
                await self._speak(response, line)
        self._answering.pop(response, None)
        self._sink(ResponseDone(response, usage=Usage(0, 1), error=error))

    async def _speak(self, response: str, line: Says) -> None:
        for index, word in enumerate(line.text.split(" ")):
            self._sink(ResponseText(response, f" {word}" if index else word))
        voice = self._setup.speaks and not self._model.quirks.mute
        pcm = speak(line.text, sample_rate=24_000, pause=0.1) if voice else PcmData.silence(0.0, 24_000)
        size = round(_PIECE * pcm.sample_rate)
        for start in range(0, len(pcm), size):
            piece = PcmData(pcm.samples[start : start + size], pcm.sample_rate)
            self._sink(ResponseAudio(response, piece))
            await asyncio.sleep(piece.duration / self._model.quirks.speed)
        if line.stuck:
            await asyncio.Event().wait()


def _words(pieces: list[PcmData]) -> str:
    samples = np.concatenate([piece.samples for piece in pieces])
    return read_speech(PcmData(samples, pieces[0].sample_rate))


def _text_of(item: HistoryItem) -> str:
    match item:
        case Message():
            return item.text
        case FunctionResult():
            return item.output
        case _:
            return ""
