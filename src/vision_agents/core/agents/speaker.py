"""Turn sentences into the audio of an utterance, the next one prepared while one is played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.hooks import PipelineHooks
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
    """Gives every utterance its voice.

    Args:
        tts: the synthesiser.
        events: where the synthesis events go.
        deadlines: how long a sentence may take to begin.
        hooks: may change what is heard of it.
    """

    def __init__(
        self, tts: TTS, *, events: EventBus, deadlines: Deadlines, hooks: PipelineHooks | None = None
    ) -> None:
        self._hooks = hooks or PipelineHooks()
        self._tts = tts
        self._events = events
        self._deadlines = deadlines

    def voice(self, playout: Playout, *, on_audio: Callable[[], None], work: list[Synthesis]) -> Voice:
        """Begin an utterance.

        Args:
            playout: filled with the audio.
            on_audio: called whenever there is more to play.
            work: what is asked of the synthesiser is noted here.
        """
        return Voice(
            self._tts,
            playout,
            on_audio=on_audio,
            work=work,
            events=self._events,
            deadlines=self._deadlines,
            hooks=self._hooks,
        )


class Voice:
    """Speaks one utterance, sentence by sentence; made by `Speaker.voice`."""

    def __init__(
        self,
        tts: TTS,
        playout: Playout,
        *,
        on_audio: Callable[[], None],
        work: list[Synthesis],
        events: EventBus,
        deadlines: Deadlines,
        hooks: PipelineHooks,
    ) -> None:
        self._hooks = hooks
        self._tts = tts
        self._playout = playout
        self._on_audio = on_audio
        self._work = work
        self._events = events
        self._deadlines = deadlines
        self._clock = asyncio.get_running_loop().time
        self._resampler: Resampler | None = None
        self._said = 0

    async def say(self, text: str) -> None:
        """Synthesise a sentence, without what cannot be said.

        It is begun when the one before it has begun to play: one is always ready, and a cut wastes no more
        than that.
        """
        spoken = speakable(text)
        if not spoken:
            return
        await self._playout.wait_until_begun(self._said)
        if self._playout.over:  # it was cut, and who speaks it is not stopped before the loop's next round
            return
        self._said += 1
        note = Synthesis(self._clock(), len(spoken), self._tts.provider)
        self._work.append(note)
        await self._synthesise(spoken, note)

    def finish(self) -> None:
        """Tell that no further sentence comes."""
        self._playout.finish()
        self._on_audio()

    async def _synthesise(self, text: str, note: Synthesis) -> None:
        synthesis_id, provider = new_id("syn"), self._tts.provider
        self._events.emit(TTSSynthesisStartEvent, text=text, synthesis_id=synthesis_id, plugin_name=provider)
        sentence = self._playout.begin(text)
        try:
            await self._fill(sentence, note)
        except BaseException as error:
            sentence.broken = True
            if isinstance(error, ProviderError) or not isinstance(error, Exception):
                raise
            raise ProviderError(
                f"The synthesiser failed ({type(error).__name__}).", provider=provider, stage="tts"
            ) from error
        finally:
            self._playout.complete(sentence)
            note.audio_duration = sentence.total / self._playout.sample_rate
            self._on_audio()
        note.ended = self._clock()
        self._events.emit(
            TTSSynthesisCompleteEvent,
            text=text,
            synthesis_id=synthesis_id,
            plugin_name=provider,
            synthesis_time_ms=(note.ended - note.began) * 1000,
            audio_duration_ms=note.audio_duration * 1000,
        )

    async def _fill(self, sentence: Sentence, note: Synthesis) -> None:
        synthesis = self._hooks.through("tts", self._tts.synthesize(sentence.text))
        patience = self._deadlines.voice_silence
        resampler: Resampler | None = None
        async with Patient(synthesis, patience=patience, too_slow=self._too_slow) as chunks:
            async for chunk in chunks:
                if resampler is None:
                    note.first_audio = self._clock()
                    resampler = self._resampler_from(chunk.pcm.sample_rate)
                self._playout.append(sentence, resampler.process(chunk.pcm.to_int16()))
                self._on_audio()
        if resampler is not None and resampler.delay:
            self._playout.append(sentence, resampler.flush())

    def _resampler_from(self, sample_rate: int) -> Resampler:
        """One serves all sentences: each leaves it empty, and after one that failed nothing is said."""
        if self._resampler is None or self._resampler.source_rate != sample_rate:
            self._resampler = Resampler(sample_rate, self._playout.sample_rate)
        return self._resampler

    def _too_slow(self) -> ProviderTimeout:
        return ProviderTimeout(
            f"The synthesiser gave no audio for {self._deadlines.voice_silence:g} s.",
            provider=self._tts.provider,
            stage="tts",
            retryable=True,
        )
