"""Turn sentences into the audio of an utterance, the next one prepared while one is played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.aio.patience import Patient
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.errors import ProviderError, ProviderTimeout
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import TTSSynthesisCompleteEvent, TTSSynthesisStartEvent
from vision_agents.core.observability.turn_record import Synthesis
from vision_agents.core.speech.playout import Playout, Sentence
from vision_agents.core.speech.speakable import speakable
from vision_agents.core.tts.tts import TTS
from vision_agents.core.types.ids import new_id


class Speaker:
    """Drives a synthesiser, sentence by sentence.

    Args:
        tts: the synthesiser.
        events: where the synthesis events go.
        deadlines: how long a sentence may take to begin.
    """

    def __init__(self, tts: TTS, *, events: EventBus, deadlines: Deadlines) -> None:
        self._tts = tts
        self._events = events
        self._deadlines = deadlines
        self._clock = asyncio.get_running_loop().time

    async def speak(
        self,
        sentences: AsyncIterator[str],
        playout: Playout,
        *,
        on_audio: Callable[[], None],
        work: list[Synthesis],
    ) -> None:
        """Synthesise `sentences` into `playout`; `on_audio` is called whenever there is more to play.

        What was asked of the synthesiser is noted in `work`.

        A sentence is begun when the one before it has begun to play: one is always ready, and a cut wastes
        no more than that.
        """
        count = 0
        async for text in sentences:
            spoken = speakable(text)
            if spoken:
                await playout.wait_until_begun(count)
                note = Synthesis(self._clock(), len(spoken), self._tts.provider)
                work.append(note)
                await self._synthesise(spoken, playout, on_audio, note)
                count += 1
        playout.finish()
        on_audio()

    async def _synthesise(
        self, text: str, playout: Playout, on_audio: Callable[[], None], note: Synthesis
    ) -> None:
        synthesis_id = new_id("syn")
        provider = self._tts.provider
        self._events.emit(TTSSynthesisStartEvent, text=text, synthesis_id=synthesis_id, plugin_name=provider)
        sentence = playout.begin(text)
        try:
            await self._fill(sentence, playout, on_audio, note)
        except BaseException as error:
            sentence.broken = True
            if isinstance(error, ProviderError) or not isinstance(error, Exception):
                raise
            raise ProviderError(
                f"The synthesiser failed ({type(error).__name__}).", provider=provider, stage="tts"
            ) from error
        finally:
            playout.complete(sentence)
            note.audio_duration = sentence.total / playout.sample_rate
            on_audio()
        note.ended = self._clock()
        self._events.emit(
            TTSSynthesisCompleteEvent,
            text=text,
            synthesis_id=synthesis_id,
            plugin_name=provider,
            synthesis_time_ms=(note.ended - note.began) * 1000,
            audio_duration_ms=note.audio_duration * 1000,
        )

    async def _fill(
        self, sentence: Sentence, playout: Playout, on_audio: Callable[[], None], note: Synthesis
    ) -> None:
        synthesis = self._tts.synthesize(sentence.text)
        patience = self._deadlines.voice_silence
        resampler: Resampler | None = None
        async with Patient(synthesis, patience=patience, too_slow=self._too_slow) as chunks:
            async for chunk in chunks:
                if resampler is None:
                    note.first_audio = self._clock()
                    resampler = Resampler(chunk.pcm.sample_rate, playout.sample_rate)
                playout.append(sentence, resampler.process(chunk.pcm.to_int16()))
                on_audio()
        if resampler is not None:
            playout.append(sentence, resampler.flush())

    def _too_slow(self) -> ProviderTimeout:
        return ProviderTimeout(
            f"The synthesiser gave no audio for {self._deadlines.voice_silence:g} s.",
            provider=self._tts.provider,
            stage="tts",
            retryable=True,
        )
