"""From a participant's frames to VAD windows, recogniser audio and the audio of the turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.audio.chunk import FloatWindows
from vision_agents.core.audio.pcm import PcmData, Samples
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.audio.speech_buffer import SpeechBuffer
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.stt.stt import STT, STTSink
from vision_agents.core.turns.observations import Voice
from vision_agents.core.types.units import Seconds
from vision_agents.core.vad.vad import VADStream

_RATE = 16_000
_PRE_ROLL: Seconds = 0.5
_LONGEST_GAP: Seconds = 1.0
"""A longer gap is fed to the models as this much silence: more would tell them nothing new."""


class Hearing:
    """The models' side of a listener: feeds them, and asks them about a pause.

    Args:
        pipeline: whose models hear.
        on_voice: called for every VAD window.
        on_recogniser: called for what the recogniser tells by itself.
    """

    def __init__(
        self, pipeline: Pipeline, *, on_voice: Callable[[Voice], None], on_recogniser: STTSink
    ) -> None:
        self._stt = _required(pipeline.stt)
        self._hooks = pipeline.hooks
        self._detector = pipeline.turn_detection
        self._on_voice = on_voice
        self._stream = self._stt.open(on_recogniser)
        self._vad = pipeline.vad.open() if pipeline.vad else None
        self._window = pipeline.vad.profile.window if pipeline.vad else 1
        self._windows = FloatWindows(self._window)
        self._turn_audio: SpeechBuffer | None = None
        if self._detector is not None:
            limit = self._detector.profile.max_audio
            self._turn_audio = SpeechBuffer(_RATE, pre_roll=_PRE_ROLL, limit=limit)
        self._resamplers: dict[tuple[int, int], Resampler] = {}

    def audio(self, pcm: PcmData, end: Seconds) -> None:
        """Take audio that ends at audio time `end`; one resampling serves every model at 16 kHz."""
        heard = self._resample(pcm, _RATE)
        stt_rate = self._stt.profile.sample_rate
        self._stream.push(heard if stt_rate == _RATE else self._resample(pcm, stt_rate))
        if self._turn_audio is not None:
            self._turn_audio.push(heard.samples)
        if self._vad is not None:
            self._listen(self._vad, heard.samples, end)

    def gap(self, duration: Seconds) -> None:
        """Take marked silence of `duration` seconds."""
        length = min(duration, _LONGEST_GAP)
        self._stream.push(_silence(length, self._stt.profile.sample_rate))
        if self._turn_audio is not None:
            self._turn_audio.push(_silence(length, _RATE).samples)
        if self._vad is not None:
            self._vad.reset()
            self._windows.reset()
        self._resamplers.clear()

    def speech_started(self) -> None:
        """Keep the audio from a little before now on: a turn has begun."""
        self._stream.speech_started()
        if self._turn_audio is not None:
            self._turn_audio.open()

    def speech_resumed(self) -> None:
        """Let the detector hear only what follows: with a pause before it, any ending sounds unfinished."""
        if self._turn_audio is not None:
            self._turn_audio.restart()

    def reset(self) -> None:
        """Begin a new turn."""
        self._stream.reset()
        if self._turn_audio is not None:
            self._turn_audio.close()

    async def transcript(self) -> str:
        """Ask the recogniser for the words of the turn so far."""
        heard = await self._hooks.one("stt", await self._stream.flush())
        return heard.text.strip() if heard else ""

    async def likelihood(self) -> float | None:
        """Ask the turn detector whether the turn sounds finished; None where there is no detector."""
        if self._detector is None or self._turn_audio is None:
            return None
        return await self._detector.predict(self._turn_audio.read())

    async def close(self) -> None:
        """Give back the recogniser's stream."""
        await self._stream.close()

    def _listen(self, vad: VADStream, samples: Samples, end: Seconds) -> None:
        duration = self._window / _RATE
        for window, behind in self._windows.push(samples):
            probability = vad.process(window)
            self._on_voice(Voice(at=end - behind / _RATE, duration=duration, probability=probability))

    def _resample(self, pcm: PcmData, rate: int) -> PcmData:
        key = (pcm.sample_rate, rate)
        resampler = self._resamplers.get(key)
        if resampler is None:
            resampler = self._resamplers[key] = Resampler(*key)
        return resampler.process(pcm.to_int16())


@lru_cache(maxsize=16)
def _longest_silence(sample_rate: int) -> Samples:
    """Shared by everybody, so nobody may write to it."""
    samples = PcmData.silence(_LONGEST_GAP, sample_rate).samples
    samples.setflags(write=False)
    return samples


def _silence(duration: Seconds, sample_rate: int) -> PcmData:
    return PcmData(_longest_silence(sample_rate)[: round(duration * sample_rate)], sample_rate)


def _required(stt: STT | None) -> STT:
    if stt is None:
        raise ConfigurationError("Listening needs an stt: give the agent one.")
    return stt
