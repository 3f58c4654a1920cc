"""Parts with moods: each request takes the next mood from its deck, and a part without one does its work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from enum import StrEnum
from itertools import product

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLM, LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.stt.segmented import SegmentedSTT
from vision_agents.core.stt.stt import Transcript
from vision_agents.core.tts.tts import TTS, SpeechChunk, TTSProfile
from vision_agents.testing import read_speech, speak


class Model(StrEnum):
    """How the language model takes a request."""

    ANSWERS = "answers"
    ANSWERS_AT_LENGTH = "answers at length"
    ANSWERS_LATE = "answers late"
    CALLS_QUICK = "calls quick"
    CALLS_THREADED = "calls threaded"
    CALLS_SLOW = "calls slow"
    CALLS_FAILING = "calls failing"
    CALLS_SAYING = "calls saying"
    CALLS_ASKING = "calls asking"
    CALLS_GATHERING = "calls gathering"
    CALLS_TRANSFERRING = "calls transferring"
    CALLS_LEAVING = "calls leaving"
    CALLS_SUCCESSOR = "calls successor"
    CALLS_STRANGER = "calls stranger"
    TALKS_AND_CALLS_SUCCESSOR = "talks, calls successor"
    TALKS_AND_CALLS_SLOW = "talks, calls slow"
    TALKS_AND_CALLS_SAYING = "talks, calls saying"
    IS_EMPTY = "is empty"
    RAISES = "raises"
    RAISES_HALFWAY = "raises halfway"
    HANGS = "hangs"
    HANGS_HALFWAY = "hangs halfway"


class Voice(StrEnum):
    """How the synthesiser takes a sentence."""

    SPEAKS = "speaks"
    SPEAKS_LATE = "speaks late"
    IS_SILENT = "is silent"
    RAISES = "raises"
    RAISES_HALFWAY = "raises halfway"
    HANGS = "hangs"


class Ear(StrEnum):
    """How the recogniser takes a stretch of speech."""

    HEARS = "hears"
    HEARS_LATE = "hears late"
    HEARS_TOO_LATE = "hears too late"
    RAISES = "raises"


def words() -> Iterator[str]:
    """Words of five letters that never come twice: what was heard can be found again."""
    for first, vowel, middle, second, last in product("bdfgk", "aeiou", "lmnprst", "aeiou", "dgkmnst"):
        yield f"{first}{vowel}{middle}{second}{last}"


class Vocabulary:
    """Sentences of new words."""

    def __init__(self) -> None:
        self._words = words()

    def phrase(self, count: int) -> str:
        """Some words without a mark."""
        return " ".join(next(self._words) for _ in range(count))

    def sentences(self, count: int) -> str:
        """Sentences of four words each."""
        return " ".join(f"{self.phrase(4).capitalize()}." for _ in range(count))


class MoodyLLM(LLM):
    """Answers in new words."""

    provider = "moody"

    def __init__(self, moods: Iterable[Model], vocabulary: Vocabulary, *, name: str = "call") -> None:
        super().__init__()
        self._name = name
        self.moods = deque(moods)
        self.written: list[str] = []
        """What it wrote, request by request."""
        self.unpaired: list[str] = []
        """Tool calls that a request showed without their result: a provider would refuse it."""
        self._vocabulary = vocabulary
        self._calls = 0

    async def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Follow the next mood."""
        self.unpaired += unpaired(request.items)
        self.written.append("")
        mood = self.moods.popleft() if self.moods else Model.ANSWERS
        await asyncio.sleep(1.5 if mood is Model.ANSWERS_LATE else 0.05)
        if mood in {Model.RAISES, Model.HANGS, Model.IS_EMPTY}:
            await self._fail(mood)
            return
        if not mood.startswith("calls"):
            async for delta in self._text(mood):
                yield delta
        await self._fail(mood)
        if "calls" in mood:
            self._calls += 1
            asked = [
                item.id for item in request.items if isinstance(item, Message) and item.role is Role.USER
            ]
            yield ToolCall(f"{self._name}-{self._calls}", mood.split()[-1], {"asked": " ".join(asked)})
        yield Usage(0, 1)

    async def _text(self, mood: Model) -> AsyncIterator[TextDelta]:
        count = 1 if mood.startswith("talks") else 4 if mood is Model.ANSWERS_AT_LENGTH else 2
        text = self._vocabulary.sentences(count)
        self.written[-1] = text
        for word in text.split():
            yield TextDelta(f"{word} ")
            await asyncio.sleep(0.01)

    async def _fail(self, mood: Model) -> None:
        if mood in {Model.RAISES, Model.RAISES_HALFWAY}:
            raise ProviderError("The model broke.", provider=self.provider, stage="llm")
        if mood in {Model.HANGS, Model.HANGS_HALFWAY}:
            await asyncio.Event().wait()


def unpaired(items: Iterable[HistoryItem]) -> list[str]:
    """Tool calls without a result after them, and results without a call before them."""
    waiting: list[str] = []
    lonely: list[str] = []
    for item in items:
        if isinstance(item, FunctionCall):
            waiting.append(item.id)
        elif isinstance(item, FunctionResult) and item.call_id in waiting:
            waiting.remove(item.call_id)
        elif isinstance(item, FunctionResult):
            lonely.append(item.call_id)
    return [*waiting, *lonely]


class MoodyTTS(TTS):
    """Speaks tone speech."""

    provider = "moody"
    profile = TTSProfile(sample_rate=24_000)

    def __init__(self, moods: Iterable[Voice]) -> None:
        self.moods = deque(moods)

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Follow the next mood."""
        mood = self.moods.popleft() if self.moods else Voice.SPEAKS
        await asyncio.sleep(1.0 if mood is Voice.SPEAKS_LATE else 0.03)
        if mood is Voice.HANGS:
            await asyncio.Event().wait()
        if mood is Voice.RAISES:
            raise OSError("The voice broke.")
        if mood is Voice.IS_SILENT:
            return
        pcm = speak(text, sample_rate=24_000, pause=0.2)
        for start in range(0, len(pcm), 4800):
            yield SpeechChunk(PcmData(pcm.samples[start : start + 4800], pcm.sample_rate))
            if mood is Voice.RAISES_HALFWAY and start:
                raise OSError("The voice broke halfway.")


class MoodySTT(SegmentedSTT):
    """Reads tone speech; `read` holds what it made out."""

    provider = "moody"

    def __init__(self, moods: Iterable[Ear]) -> None:
        self.moods = deque(moods)
        self.read: list[str] = []

    async def transcribe(self, pcm: PcmData) -> Transcript:
        """Follow the next mood."""
        mood = self.moods.popleft() if self.moods else Ear.HEARS
        await asyncio.sleep({Ear.HEARS_LATE: 0.8, Ear.HEARS_TOO_LATE: 5.0}.get(mood, 0.03))
        if mood is Ear.RAISES:
            raise OSError("The ear broke.")
        self.read.append(read_speech(pcm))
        return Transcript(self.read[-1])


def heard_stretches(frames: Iterable[tuple[float, PcmData]]) -> list[str]:
    """The words of each stretch of audio without a gap."""
    stretches: list[list[PcmData]] = []
    end = float("-inf")
    for at, pcm in frames:
        if at - end > 0.005:
            stretches.append([])
        stretches[-1].append(pcm)
        end = at + pcm.duration
    return [
        read_speech(PcmData(np.concatenate([pcm.samples for pcm in pieces]), pieces[0].sample_rate))
        for pieces in stretches
    ]
