"""Port: speech to text."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.component import Component
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True)
class STTProfile:
    """What a recogniser can do.

    Args:
        sample_rate: rate it wants its mono int16 audio in, in Hz.
        interim: gives transcripts while the speaker goes on.
        turn_detection: tells turns by itself, so that no VAD is needed.
        languages: BCP 47 tags it understands; empty means it does not say.
    """

    sample_rate: int = 16_000
    interim: bool = False
    turn_detection: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said since the last `STTStream.reset`.

    `text` may be empty: nothing that sounds like words. `final` is False for a guess that may change.
    """

    text: str
    final: bool = True
    confidence: float | None = None
    language: str | None = None
    processing_time: Seconds | None = None


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A recogniser with `turn_detection` heard the speaker begin."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A recogniser with `turn_detection` heard the speaker finish; its final transcript came before."""


@dataclass(frozen=True, slots=True)
class STTFailed:
    """The recogniser of this stream is broken; nothing more will come from it."""

    error: Exception


STTEvent: TypeAlias = Transcript | TurnStarted | TurnEnded | STTFailed
STTSink: TypeAlias = Callable[[STTEvent], None]


class STTStream(ABC):
    """Recognition of one speaker's audio, turn after turn."""

    @abstractmethod
    def push(self, pcm: PcmData) -> None:
        """Take the next piece of audio, mono int16 at the profile's rate; never waits."""

    @abstractmethod
    async def flush(self) -> Transcript:
        """Give the final transcript of everything said since the last `reset`.

        Called when the speaker pauses. The audio is kept: if the speaker goes on, the next `flush` covers
        the whole again. May be cancelled at any time.
        """

    @abstractmethod
    def reset(self) -> None:
        """Begin a new turn: what was said so far has been used or dropped."""

    def speech_started(self) -> None:
        """Hear from the VAD that speech began a moment ago; only wanted where audio is gated."""

    async def close(self) -> None:
        """Give back what the stream holds."""


class STT(Component, ABC):
    """A speech recogniser; one instance serves every speaker of a session."""

    profile: STTProfile = STTProfile()

    @abstractmethod
    def open(self, sink: STTSink) -> STTStream:
        """Begin to follow one speaker; interim transcripts, turns and failures go to `sink` on the loop."""
