"""For recognisers that hear a whole stretch of speech at once."""

from __future__ import annotations

from abc import abstractmethod

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.speech_buffer import SpeechBuffer
from vision_agents.core.stt.stt import STT, STTSink, STTStream, Transcript
from vision_agents.core.types.units import Seconds

_PRE_ROLL: Seconds = 0.5
_LONGEST_TURN: Seconds = 120.0


class SegmentedSTT(STT):
    """A recogniser without a stream: the VAD gates it, each pause is transcribed as a whole."""

    @abstractmethod
    async def transcribe(self, pcm: PcmData) -> Transcript:
        """Recognise one stretch of speech, mono int16 at the profile's rate; must not block the loop."""

    def open(self, sink: STTSink) -> STTStream:
        """Begin to follow one speaker; nothing goes to `sink`, for there are no interim transcripts."""
        return _SegmentStream(self)


class _SegmentStream(STTStream):
    def __init__(self, stt: SegmentedSTT) -> None:
        self._stt = stt
        self._buffer = SpeechBuffer(stt.profile.sample_rate, pre_roll=_PRE_ROLL, limit=_LONGEST_TURN)

    def push(self, pcm: PcmData) -> None:
        self._buffer.push(pcm.samples)

    def speech_started(self) -> None:
        self._buffer.open()

    async def flush(self) -> Transcript:
        return await self._stt.transcribe(self._buffer.read()) if self._buffer.is_open else Transcript("")

    def reset(self) -> None:
        self._buffer.close()
