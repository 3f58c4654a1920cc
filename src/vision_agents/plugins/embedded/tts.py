"""Text to speech with Hibari."""

from collections.abc import AsyncIterator

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.tts import tts as port
from vision_agents.core.tts.tts import SpeechChunk, TTSProfile
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.engines.hibari import SAMPLE_RATE
from vision_agents.plugins.embedded.inference import pool


class TTS(port.TTS):
    """Hibari's voice "heart": English, about 15 ms of one processor a sentence."""

    provider = "embedded"
    model = "hibari"
    profile = TTSProfile(sample_rate=SAMPLE_RATE)

    async def warmup(self) -> None:
        """Load the voice once a process; it came with its package, so nothing is fetched."""
        await models.hibari.get()

    async def start(self) -> None:
        """Load the voice where `warmup` has not."""
        await self.warmup()

    async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
        """Speak: float32 audio at 24 kHz, one chunk a sentence, or several for a very long one.

        Raises:
            ProviderError: the model failed.
        """
        voice = await models.hibari.get()
        for phonemes in await pool.run(lambda: voice.phonemes(text), stage="tts"):
            samples = await pool.run(lambda phonemes=phonemes: voice.speak(phonemes), stage="tts")
            if len(samples):
                yield SpeechChunk(PcmData(samples, SAMPLE_RATE))
