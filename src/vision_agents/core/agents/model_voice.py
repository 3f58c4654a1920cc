"""What becomes of a realtime model's audio and text: played as it is, or spoken by a synthesiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from vision_agents.core.agents.answer import Delivery
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.speech.playout import Playout, Sentence
from vision_agents.core.speech.segmenter import SentenceSegmenter


class AnswerVoice(Protocol):
    """Takes the pieces of an answer."""

    def audio(self, pcm: PcmData) -> None:
        """Take the next piece of audio."""

    async def text(self, text: str) -> None:
        """Take the next piece of text."""

    async def complete(self) -> None:
        """Hear that a response is complete; another may follow."""

    def finish(self) -> None:
        """Hear that nothing more follows."""


class ModelVoice:
    """The model's own voice; each response is one sentence of the utterance, its text the transcript.

    Args:
        playout: filled with the audio.
        on_sentence: called when there is something to play soon.
        on_audio: called whenever there is more to play.
    """

    def __init__(
        self, playout: Playout, *, on_sentence: Callable[[], None], on_audio: Callable[[], None]
    ) -> None:
        self._playout = playout
        self._on_sentence = on_sentence
        self._on_audio = on_audio
        self._sentence: Sentence | None = None
        self._resampler: Resampler | None = None

    def audio(self, pcm: PcmData) -> None:
        """Play it."""
        if self._resampler is None or self._resampler.source_rate != pcm.sample_rate:
            self._resampler = Resampler(pcm.sample_rate, self._playout.sample_rate)
        self._playout.append(self._begun(), self._resampler.process(pcm.to_mono().to_int16()))
        self._on_audio()
        self._on_sentence()

    async def text(self, text: str) -> None:
        """Keep it: the history tells how much of it was heard."""
        self._begun().text += text

    async def complete(self) -> None:
        """End the sentence."""
        sentence, self._sentence = self._sentence, None
        if sentence is not None:
            if self._resampler is not None:
                self._playout.append(sentence, self._resampler.flush())
            sentence.text = sentence.text.strip()
            self._playout.complete(sentence)
            self._on_audio()

    def finish(self) -> None:
        """End the utterance."""
        self._playout.finish()
        self._on_audio()

    def _begun(self) -> Sentence:
        if self._sentence is None:
            self._sentence = self._playout.begin("")
        return self._sentence


class SynthesisedVoice:
    """A synthesiser's voice for the model's text; audio of the model is not wanted.

    Args:
        segmenter: finds the sentences.
        delivery: has them spoken.
    """

    def __init__(self, segmenter: SentenceSegmenter, delivery: Delivery) -> None:
        self._segmenter = segmenter
        self._delivery = delivery

    def audio(self, pcm: PcmData) -> None:
        """Leave it."""

    async def text(self, text: str) -> None:
        """Have every sentence spoken that is complete now."""
        for sentence in self._segmenter.push(text):
            await self._delivery.send(sentence)

    async def complete(self) -> None:
        """Have the rest spoken."""
        for sentence in self._segmenter.flush():
            await self._delivery.send(sentence)

    def finish(self) -> None:
        """Nothing: the delivery is closed by its owner."""
