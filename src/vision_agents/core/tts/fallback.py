"""A synthesiser with others behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from vision_agents.core.tts.tts import TTS, SpeechChunk, TTSProfile
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.fallback import Fallback, FallbackRules


class FallbackTTS(TTS):
    """Speaks each sentence with the first synthesiser that gives a sound of it.

    Args:
        voices: the synthesisers, the one that is wanted first.
        rules: when one that failed is asked again.
    """

    def __init__(self, *voices: TTS, rules: FallbackRules | None = None) -> None:
        self.fallback = Fallback(voices, rules)
        word_times = all(voice.profile.word_times for voice in voices)
        self.profile = TTSProfile(sample_rate=voices[0].profile.sample_rate, word_times=word_times)
        self._follow(voices[0])
        self.fallback.switched = self._follow
        self.warmup, self.start, self.close = self.fallback.warmup, self.fallback.start, self.fallback.close

    def _follow(self, voice: TTS) -> None:
        self.provider, self.model = voice.provider, voice.model

    def describe(self) -> ComponentInfo:
        """Tell the active synthesiser."""
        return self.fallback.describe()

    def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Speak one sentence; a chunk tells its own sample rate."""
        return self.fallback.stream(lambda voice: voice.synthesize(text))
