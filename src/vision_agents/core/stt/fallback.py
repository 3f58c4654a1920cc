"""A recogniser with others behind it."""

from __future__ import annotations

import asyncio

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.speech_buffer import SpeechBuffer
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.stt.stt import STT, STTEvent, STTFailed, STTSink, STTStream, Transcript
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.fallback import Candidate, Fallback, FallbackRules
from vision_agents.core.types.units import Seconds

_PRE_ROLL: Seconds = 0.5
_LONGEST_TURN: Seconds = 120.0


class FallbackSTT(STT):
    """Hears with the first recogniser that works; where one fails, the next hears the whole turn.

    Args:
        recognisers: of one sample rate, none that detects turns; the one that is wanted first.
        rules: when one that failed is asked again.
    """

    def __init__(self, *recognisers: STT, rules: FallbackRules | None = None) -> None:
        self.fallback = Fallback(recognisers, rules)
        profiles = [recogniser.profile for recogniser in recognisers]
        if len({profile.sample_rate for profile in profiles}) > 1:
            raise ConfigurationError("Recognisers behind one another need the same sample rate.")
        if any(profile.turn_detection for profile in profiles):
            raise ConfigurationError("Recognisers that detect turns cannot stand behind one another.")
        self.profile = profiles[0]
        self._follow(recognisers[0])
        self.fallback.switched = self._follow
        self.warmup, self.start, self.close = self.fallback.warmup, self.fallback.start, self.fallback.close

    def _follow(self, recogniser: STT) -> None:
        self.provider, self.model = recogniser.provider, recogniser.model

    def describe(self) -> ComponentInfo:
        """Tell the active recogniser."""
        return self.fallback.describe()

    def open(self, sink: STTSink) -> STTStream:
        """Begin to follow one speaker."""
        return _FallbackStream(self.fallback, sink, self.profile.sample_rate)


class _FallbackStream(STTStream):
    """Keeps the audio of the turn, so that another recogniser can hear it again."""

    def __init__(self, fallback: Fallback[STT], sink: STTSink, sample_rate: int) -> None:
        self._fallback = fallback
        self._sink = sink
        self._buffer = SpeechBuffer(sample_rate, pre_roll=_PRE_ROLL, limit=_LONGEST_TURN)
        self._left: list[STTStream] = []
        self._candidate = next(iter(fallback.order()))
        self._broken: Exception | None = None
        self._stream = self._open(self._candidate)

    def push(self, pcm: PcmData) -> None:
        self._buffer.push(pcm.samples)
        self._stream.push(pcm)

    def speech_started(self) -> None:
        self._buffer.open()
        self._stream.speech_started()

    def reset(self) -> None:
        self._buffer.close()
        self._stream.reset()
        first = next(iter(self._fallback.order()))
        if first is not self._candidate:  # one that is wanted more has rested
            self._change(first)

    async def flush(self) -> Transcript:
        error: Exception | None = None
        tried: list[Candidate[STT]] = []
        for candidate in [self._candidate, *self._fallback.order()]:
            if candidate in tried:
                continue
            tried.append(candidate)
            if candidate is not self._candidate:
                self._change(candidate)
            try:
                transcript = await self._ask()
            except Exception as failure:  # noqa: BLE001 - whatever it raises, another one is asked
                error = failure
                self._fallback.failed(candidate, failure)
            else:
                self._fallback.worked(candidate)
                return transcript
        assert error is not None
        raise error

    async def _ask(self) -> Transcript:
        if self._broken is not None:
            raise self._broken
        async with asyncio.timeout(self._fallback.rules.patience):
            return await self._stream.flush()

    async def close(self) -> None:
        await asyncio.gather(*(stream.close() for stream in (*self._left, self._stream)))

    def _change(self, candidate: Candidate[STT]) -> None:
        self._left.append(self._stream)
        self._candidate, self._broken = candidate, None
        self._stream = self._open(candidate)
        if self._buffer.is_open:
            self._stream.speech_started()
            self._stream.push(self._buffer.read())

    def _open(self, candidate: Candidate[STT]) -> STTStream:
        def sink(event: STTEvent) -> None:
            if candidate is not self._candidate:
                return
            if isinstance(event, STTFailed):
                self._broken = event.error
            else:
                self._sink(event)

        return candidate.part.open(sink)
