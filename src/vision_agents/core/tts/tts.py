"""Port: text to speech."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.component import Component
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True)
class TTSProfile:
    """What a synthesiser gives: mono audio at `sample_rate` Hz, with word times or without."""

    sample_rate: int = 24_000
    word_times: bool = False


@dataclass(frozen=True, slots=True)
class WordTime:
    """When a word begins and ends, in seconds from the first sample of its synthesis."""

    word: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """The next piece of a synthesis, and the words that begin in it where the provider tells them."""

    pcm: PcmData
    words: tuple[WordTime, ...] = ()


class TTS(Component, ABC):
    """A speech synthesiser; one instance serves a session, one sentence at a time plus the next."""

    profile: TTSProfile = TTSProfile()

    @abstractmethod
    def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Speak one sentence: audio as it becomes ready, of any length a piece.

        Text without a speakable character gives no chunk. Closing the iterator stops the work.
        """
