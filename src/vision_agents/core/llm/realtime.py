"""Port: a model that hears and speaks by itself, without a recogniser and a synthesiser around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.messages import HistoryItem
from vision_agents.core.llm.llm import LanguageModel, ToolCall, Usage
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeProfile:
    """What a speech-to-speech model can do.

    Args:
        input_rate: rate it wants its mono int16 audio in, in Hz.
        text_input: can be asked in text, so that a recogniser may hear for it.
        text_output: can answer in text alone, so that a synthesiser may speak for it.
    """

    input_rate: int = 24_000
    text_input: bool = True
    text_output: bool = True

    def __post_init__(self) -> None:
        """Refuse a rate that no audio has."""
        if self.input_rate <= 0:
            raise ValueError(f"input_rate must be > 0 Hz, not {self.input_rate}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSetup:
    """What a connection begins with.

    Args:
        instructions: the persona.
        tools: functions the model may call.
        items: the conversation so far, oldest first.
        hears: audio will be pushed, and the model finds the turns in it; else it answers only when asked.
        speaks: answers are wanted as audio with their transcript; else as text alone.
    """

    instructions: str
    tools: Sequence[ToolSchema] = ()
    items: Sequence[HistoryItem] = ()
    hears: bool = True
    speaks: bool = True


@dataclass(frozen=True, slots=True)
class UserSpeechStarted:
    """The model hears the user begin; an answer it was giving has been given up by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSpeechEnded:
    """The model hears the user finish.

    Args:
        item: the provider's name for what was said; its transcript has the same.
        at: where the speech ended, in seconds of pushed audio; None where the provider does not tell.
        answered: whether the model is going to answer by itself.
    """

    item: str = ""
    at: Seconds | None = None
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTranscript:
    """What the user said; may come long after the answer began. `final` is False for a guess."""

    text: str
    final: bool = True
    item: str = ""


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """The model begins to answer: `request` names what asked for it, "" where it answers by itself."""

    response: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class ResponseAudio:
    """The next piece of the answer's audio, mono, at any rate; may come faster than it is played."""

    response: str
    pcm: PcmData


@dataclass(frozen=True, slots=True)
class ResponseText:
    """The next piece of what the answer says."""

    response: str
    text: str


@dataclass(frozen=True, slots=True)
class ResponseToolCall:
    """The model asks for a tool; it is run when the response is done, and the result is added."""

    response: str
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """Nothing more comes of this response: complete, given up by the model, or failed."""

    response: str
    usage: Usage | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """Nothing more comes from this connection; a new one is opened."""

    error: Exception


UserEvent: TypeAlias = UserSpeechStarted | UserSpeechEnded | UserTranscript
ResponseEvent: TypeAlias = ResponseAudio | ResponseText | ResponseToolCall | ResponseDone
RealtimeEvent: TypeAlias = UserEvent | ResponseStarted | ResponseEvent | ConnectionLost
RealtimeSink: TypeAlias = Callable[[RealtimeEvent], None]


class RealtimeConnection(ABC):
    """One conversation with the model.

    No verb waits: each is carried out after those before it, and a failure comes as `ConnectionLost`.
    """

    @abstractmethod
    def push(self, pcm: PcmData) -> None:
        """Take the next piece of the user's audio, mono int16 at the profile's rate."""

    @abstractmethod
    def add(self, item: HistoryItem) -> None:
        """Take something that was said or done without the model; asks for no answer."""

    @abstractmethod
    def request(self, request: str, instructions: str = "") -> None:
        """Answer now; `instructions` hold for this answer only. `ResponseStarted` carries `request`."""

    @abstractmethod
    def interrupt(self, response: str, *, played: Seconds, heard: str) -> None:
        """Give up a response, of which `played` seconds were heard: the model forgets the rest.

        `heard` is about what the listener heard of the utterance, for a response without audio.
        "" gives up whatever is being made and has not been told of yet.
        """

    @abstractmethod
    async def close(self) -> None:
        """End the conversation."""


class Realtime(LanguageModel, ABC):
    """A speech-to-speech model; its tools live in `functions`, which the agent shares."""

    profile: RealtimeProfile = RealtimeProfile()

    @abstractmethod
    async def open(self, setup: RealtimeSetup, sink: RealtimeSink) -> RealtimeConnection:
        """Begin a conversation; events go to `sink` on the loop. Failures are `ProviderError`."""
