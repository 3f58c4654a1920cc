"""Models that follow a script: they fail on the unexpected, and say what of the script was not used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.history.messages import FunctionResult, Message
from vision_agents.core.llm.llm import LLM, LLMEvent, LLMProfile, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.core.stt.segmented import SegmentedSTT
from vision_agents.core.stt.stt import Transcript
from vision_agents.core.tts.tts import TTS, SpeechChunk, TTSProfile
from vision_agents.core.turn_detection.turn_detector import TurnDetector
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.units import Seconds
from vision_agents.core.vad.vad import VAD, VADStream
from vision_agents.core.video.frame import VideoFrame
from vision_agents.testing.tone_speech import read_speech, speak


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """The model answers `text`, if what it was asked contains `to`.

    Args:
        text: the whole answer; "" for a model that says nothing.
        to: must be in the last message or tool result; "" fits everything.
        first_token: seconds until the first word.
        token: seconds between words.
        stuck: after the text nothing more comes, not even the end.
    """

    text: str
    to: str = ""
    first_token: Seconds = 0.05
    token: Seconds = 0.01
    stuck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The model calls a tool."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    to: str = ""
    first_token: Seconds = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Fails:
    """The model, or the synthesiser, raises this error."""

    error: Exception
    to: str = ""


Line: TypeAlias = Says | Calls | Fails


class ScriptedLLM(LLM):
    """Gives its lines in order; a request beyond the script, or that does not fit its line, fails."""

    provider = "scripted"

    def __init__(self, lines: Sequence[Line | str] = ()) -> None:
        super().__init__()
        self._lines = deque(Says(text=line) if isinstance(line, str) else line for line in lines)
        self.requests: list[LLMRequest] = []
        self.unexpected: list[str] = []
        self.abandoned = 0
        """Answers that were closed before their end."""

    async def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Follow the next line."""
        self.requests.append(request)
        line = self._next_line(_last_text(request))
        finished = False
        try:
            async for event in self._follow(line):
                yield event
            finished = True
        finally:
            self.abandoned += not finished

    def _next_line(self, asked: str) -> Line:
        line = self._lines.popleft() if self._lines else None
        if line is None or line.to not in asked:
            self.unexpected.append(asked)
            raise ProviderError(f"The script has no line for {asked!r}.", provider=self.provider, stage="llm")
        return line

    async def _follow(self, line: Line) -> AsyncIterator[LLMEvent]:
        if isinstance(line, Fails):
            raise line.error
        await asyncio.sleep(line.first_token)
        if isinstance(line, Calls):
            yield ToolCall(new_id("call"), line.tool, line.arguments)
            return
        words = line.text.split(" ") if line.text else []
        for index, word in enumerate(words):
            yield TextDelta(f" {word}" if index else word)
            await asyncio.sleep(line.token)
        if line.stuck:
            await asyncio.Event().wait()
        yield Usage(0, len(words))

    def assert_done(self) -> None:
        """Check that every line was used and nothing else was asked."""
        assert not self.unexpected, f"The model was asked beyond its script: {self.unexpected}"
        assert not self._lines, f"Lines of the script were not used: {list(self._lines)}"


class ScriptedVisionLLM(ScriptedLLM):
    """Follows its script, too, and keeps what it was shown with each request."""

    profile = LLMProfile(vision=True)

    @property
    def seen(self) -> list[tuple[VideoFrame, ...]]:
        """The pictures of each request, the newest one last."""
        return [tuple(request.frames) for request in self.requests]


def _last_text(request: LLMRequest) -> str:
    if request.turn_instructions:
        return request.turn_instructions
    last = request.items[-1] if request.items else None
    if isinstance(last, Message):
        return last.text
    return last.output if isinstance(last, FunctionResult) else ""


class ScriptedSTT(SegmentedSTT):
    """Reads tone speech, after `delay` seconds; `fails` makes every transcription raise it."""

    provider = "scripted"

    def __init__(self, *, delay: Seconds = 0.03, fails: Exception | None = None) -> None:
        self._delay = delay
        self._fails = fails

    async def transcribe(self, pcm: PcmData) -> Transcript:
        """Read what was said."""
        await asyncio.sleep(self._delay)
        if self._fails is not None:
            raise self._fails
        return Transcript(read_speech(pcm))


class ScriptedTTS(TTS):
    """Speaks tone speech in pieces of `piece` seconds, the first one after `delay` seconds.

    Args:
        delay: seconds until the first piece of each sentence.
        piece: length of a piece, in seconds.
        silent: sentences that give no audio.
        fails: raised for every sentence.
    """

    provider = "scripted"
    profile = TTSProfile(sample_rate=24_000)

    def __init__(
        self,
        *,
        delay: Seconds = 0.03,
        piece: Seconds = 0.1,
        silent: Sequence[str] = (),
        fails: Exception | None = None,
    ) -> None:
        self._delay = delay
        self._piece = piece
        self._silent = silent
        self._fails = fails
        self.sentences: list[str] = []
        """What it was asked to say."""

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Say one sentence."""
        self.sentences.append(text)
        await asyncio.sleep(self._delay)
        if self._fails is not None:
            raise self._fails
        if text in self._silent:
            return
        pcm = speak(text, sample_rate=self.profile.sample_rate, pause=0.1)
        size = round(self._piece * self.profile.sample_rate)
        for start in range(0, len(pcm), size):
            yield SpeechChunk(PcmData(pcm.samples[start : start + size], pcm.sample_rate))


class ScriptedVAD(VAD):
    """Hears a voice in everything that is loud."""

    provider = "scripted"

    def open(self) -> VADStream:
        """Begin to follow one speaker."""
        return _LoudnessStream()


class _LoudnessStream(VADStream):
    def process(self, window: npt.NDArray[np.float32]) -> float:
        return 0.95 if float(np.sqrt((window**2).mean())) > 0.03 else 0.02

    def reset(self) -> None: ...


class ScriptedTurnDetector(TurnDetector):
    """Takes a turn as finished unless what was said ends in one of `unfinished`."""

    provider = "scripted"

    def __init__(self, *, unfinished: Sequence[str] = (), delay: Seconds = 0.02) -> None:
        self._unfinished = tuple(word.lower() for word in unfinished)
        self._delay = delay

    async def predict(self, audio: PcmData) -> float:
        """Read what was said and judge its last word."""
        await asyncio.sleep(self._delay)
        return 0.1 if read_speech(audio).endswith(self._unfinished or ("\0",)) else 1.0
