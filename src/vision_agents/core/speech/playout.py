"""The audio of one utterance, sentence by sentence, and how much of it was played."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.heard import heard_part
from vision_agents.core.types.units import Seconds

Int16: TypeAlias = npt.NDArray[np.int16]


@dataclass(slots=True, eq=False)
class Sentence:
    """One sentence: its text, its audio, and how many samples of it came and were played."""

    text: str
    chunks: deque[Int16] = field(default_factory=deque[Int16])
    total: int = 0
    played: int = 0
    complete: bool = False


class Playout:
    """Audio that goes in sentence by sentence and comes out frame by frame.

    Args:
        sample_rate: of all audio, in Hz, mono.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._sentences: list[Sentence] = []
        self._current = 0
        self._finished = False
        self._progress = asyncio.Event()

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
    def drained(self) -> bool:
        """Whether everything was read and nothing more comes."""
        return self._finished and all(s.complete and not s.chunks for s in self._sentences[self._current :])

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
        return sum(1 for s in self._sentences if s.played or (s.complete and not s.total))

    def read(self, count: int) -> Int16 | None:
        """Take the next `count` samples; None where they are not there yet, or everything is drained.

        The end of a sentence is filled up with silence where the next one is not ready.
        """
        if not self._can_fill(count):
            return None
        parts: list[Int16] = []
        missing = count
        while missing and self._current < len(self._sentences):
            sentence = self._sentences[self._current]
            if sentence.chunks:
                missing -= self._take(sentence, missing, parts)
            elif sentence.complete:
                self._current += 1
            else:
                break
        if missing:
            parts.append(np.zeros(missing, np.int16))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _can_fill(self, count: int) -> bool:
        """Whether there is a frame's audio, or the end of a sentence to be filled up."""
        ready = 0
        for sentence in self._sentences[self._current :]:
            waiting = sentence.total - sentence.played
            ready += waiting
            if ready >= count:
                return True
            if not sentence.complete:
                return ready > 0 and not waiting
        return ready > 0

    def _take(self, sentence: Sentence, missing: int, parts: list[Int16]) -> int:
        chunk = sentence.chunks[0]
        part = chunk[:missing]
        if len(part) == len(chunk):
            sentence.chunks.popleft()
        else:
            sentence.chunks[0] = chunk[missing:]
        if not sentence.played:
            self._progress.set()
        sentence.played += len(part)
        parts.append(part)
        return len(part)

    def spoken_text(self, *, unplayed: Seconds = 0.0) -> str:
        """What the listener heard: whole sentences, and of the last one the share that was played.

        Args:
            unplayed: audio at the end of what was read that the transport has not played yet.
        """
        behind = round(unplayed * self.sample_rate)
        heard: list[str] = []
        for sentence in reversed(self._sentences):
            played = max(0, sentence.played - behind)
            behind = max(0, behind - sentence.played)
            if played:
                heard.append(
                    heard_part(
                        sentence.text,
                        played=played / self.sample_rate,
                        total=sentence.total / self.sample_rate,
                        complete=sentence.complete,
                    )
                )
        return " ".join(part for part in reversed(heard) if part)
