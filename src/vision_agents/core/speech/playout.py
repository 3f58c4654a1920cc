"""The audio of one utterance, sentence by sentence, and how much of it was played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.aio.flag import Flag
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.heard import heard_part
from vision_agents.core.speech.word_start import word_start
from vision_agents.core.types.units import Seconds

Int16: TypeAlias = npt.NDArray[np.int16]

_KEPT: Seconds = 3.0
"""More than any transport holds back."""


@dataclass(slots=True, eq=False)
class Sentence:
    """One sentence: its text, its audio, and how many samples of it came and were played.

    The audio that was played is kept for a while: a cut may have to go back a word, a dropped buffer further.
    """

    text: str
    chunks: list[Int16] = field(default_factory=list[Int16])
    next_chunk: int = 0
    offset: int = 0
    total: int = 0
    played: int = 0
    begun: bool = False
    complete: bool = False
    broken: bool = False
    heard: int = 0
    """Samples that were heard before it went back to the beginning of a word."""

    @property
    def waiting(self) -> int:
        """Samples that came and were not played."""
        return self.total - self.played

    def take(self, most: int) -> Int16:
        """Play the next samples, `most` at most."""
        chunk = self.chunks[self.next_chunk]
        part = chunk[self.offset : self.offset + most]
        self.offset += len(part)
        self.played += len(part)
        if self.offset == len(chunk):
            self.next_chunk, self.offset = self.next_chunk + 1, 0
        return part

    def go_to(self, position: int) -> None:
        """Continue at `position` samples from the beginning, which must still be kept."""
        self.played = position
        self.next_chunk, self.offset = 0, position
        while self.next_chunk < len(self.chunks) and self.offset >= len(self.chunks[self.next_chunk]):
            self.offset -= len(self.chunks[self.next_chunk])
            self.next_chunk += 1


class Playout:
    """Audio that goes in sentence by sentence and comes out frame by frame.

    Args:
        sample_rate: of all audio, in Hz, mono.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.on_sentence: Callable[[Sentence], None] | None = None
        """Called with a sentence when its first sample is read."""
        self.over = False
        """Whether nothing more of it will be heard: what is still to be spoken is not asked for."""
        self._sentences: list[Sentence] = []
        self._current = 0
        self._finished = False
        self._progress = Flag()

    def begin(self, text: str) -> Sentence:
        """Announce the next sentence, before its audio."""
        sentence = Sentence(text)
        self._sentences.append(sentence)
        return sentence

    def append(self, sentence: Sentence, pcm: PcmData) -> None:
        """Add audio to a sentence: int16 mono at this playout's rate."""
        if len(pcm):
            sentence.chunks.append(np.asarray(pcm.samples, np.int16))
            sentence.total += len(pcm)

    def complete(self, sentence: Sentence) -> None:
        """Say that a sentence has all its audio."""
        sentence.complete = True
        self._progress.set()

    def finish(self) -> None:
        """Say that no further sentence comes."""
        self._finished = True
        self._progress.set()

    @property
    def awaited(self) -> bool:
        """Whether nothing was put in yet and something will be."""
        return not self._sentences and not self._finished

    @property
    def drained(self) -> bool:
        """Whether everything was read and nothing more comes."""
        return self._finished and all(s.complete and not s.waiting for s in self._sentences[self._current :])

    @property
    def text(self) -> str:
        """All that was to be said so far."""
        return " ".join(sentence.text for sentence in self._sentences)

    @property
    def produced(self) -> Seconds:
        """Audio that was put in."""
        return sum(sentence.total for sentence in self._sentences) / self.sample_rate

    @property
    def played(self) -> Seconds:
        """Audio that was read."""
        return sum(sentence.played for sentence in self._sentences) / self.sample_rate

    async def wait_until_begun(self, count: int) -> None:
        """Return when `count` sentences have begun to play, or had no audio."""
        while self._begun < count:
            self._progress.clear()
            await self._progress.wait()

    @property
    def _begun(self) -> int:
        return sum(1 for s in self._sentences if s.begun or (s.complete and not s.total))

    def read(self, count: int) -> Int16 | None:
        """Take the next `count` samples; None where they are not there yet, or everything is drained.

        The end of a sentence is filled up with silence where the next one is not ready.
        """
        if not self.can_read(count):
            return None
        parts: list[Int16] = []
        missing = count
        while missing and self._current < len(self._sentences):
            sentence = self._sentences[self._current]
            if sentence.waiting:
                if not sentence.begun:
                    self._begin_playing(sentence)
                part = sentence.take(missing)
                missing -= len(part)
                parts.append(part)
            elif sentence.complete:
                self._current += 1
                self._forget_old()
            else:
                break
        if missing:
            parts.append(np.zeros(missing, np.int16))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _forget_old(self) -> None:
        """Drop the audio that no transport holds any more."""
        since = 0
        for sentence in reversed(self._sentences[: self._current]):
            if since >= _KEPT * self.sample_rate:
                sentence.chunks.clear()
            since += sentence.total

    def can_read(self, count: int) -> bool:
        """Tell whether there are `count` samples, or the end of a sentence to be filled up."""
        ready = 0
        for sentence in self._sentences[self._current :]:
            ready += sentence.waiting
            if ready >= count:
                return True
            if not sentence.complete:
                return ready > 0 and not sentence.waiting
        return ready > 0

    def _begin_playing(self, sentence: Sentence) -> None:
        sentence.begun = True
        self._progress.set()
        if self.on_sentence is not None:
            self.on_sentence(sentence)

    def fade_out(self, count: int) -> PcmData | None:
        """Give the next samples, fading to silence, `count` at most; they do not count as played."""
        if self._current >= len(self._sentences):
            return None
        sentence = self._sentences[self._current]
        position = sentence.played
        if not sentence.waiting:
            return None
        samples = sentence.take(count)
        sentence.go_to(position)
        ramp = np.linspace(1, 0, len(samples), dtype=np.float32)
        faded = np.zeros(count, np.int16)
        faded[: len(samples)] = samples * ramp
        return PcmData(faded, self.sample_rate)

    def take_back(self, unplayed: Seconds) -> None:
        """Take back the end of what was read: the transport dropped it before it was played."""
        missing = round(unplayed * self.sample_rate)
        for at in reversed(range(min(self._current + 1, len(self._sentences)))):
            sentence = self._sentences[at]
            if missing and sentence.chunks:
                self._current = at
                back = min(missing, sentence.played)
                sentence.go_to(sentence.played - back)
                missing -= back

    def go_to_word_start(self) -> None:
        """Go back to the beginning of the word in which the audio was cut."""
        if self._current < len(self._sentences) and self._sentences[self._current].played:
            sentence = self._sentences[self._current]
            sentence.heard = max(sentence.heard, sentence.played)
            heard = np.concatenate(sentence.chunks)[: sentence.played]
            sentence.go_to(word_start(heard, self.sample_rate))

    def spoken_text(self, *, unplayed: Seconds = 0.0) -> str:
        """What the listener heard: whole sentences, and of the last one the share that was played.

        Args:
            unplayed: audio at the end of what was read that the transport has not played yet.
        """
        behind = round(unplayed * self.sample_rate)
        heard: list[str] = []
        for sentence in reversed(self._sentences):
            played = max(sentence.heard, sentence.played - behind)
            behind = max(0, behind - sentence.played)
            if played:
                heard.append(
                    heard_part(
                        sentence.text,
                        played=played / self.sample_rate,
                        total=sentence.total / self.sample_rate,
                        complete=sentence.complete and not sentence.broken,
                    )
                )
        return " ".join(part for part in reversed(heard) if part)
