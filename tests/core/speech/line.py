"""The owner of an utterance queue, for the tests of this folder."""

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.playout import Int16, Playout
from vision_agents.core.speech.queue import QueueHooks, UtteranceQueue
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.testing.tone_speech import read_speech, speak

RATE = 16_000
FRAME = 320


class Line:
    """The owner of a queue, and what is heard at the other end."""

    def __init__(self) -> None:
        self.unplayed = 0.0
        self.wakes = 0
        self.naps: list[float] = []
        self.flushed: list[PcmData | None] = []
        self.started: list[UtteranceHandle] = []
        self.ended: list[UtteranceHandle] = []
        self.heard: list[Int16] = []
        self.queue = UtteranceQueue(
            QueueHooks(
                wake=self._wake,
                wake_later=self.naps.append,
                flush=self.flushed.append,
                unplayed=lambda: self.unplayed,
                started=self.started.append,
                ended=self.ended.append,
            )
        )

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, *sentences: str, interruptible: bool = True, finish: bool = True) -> UtteranceHandle:
        handle = UtteranceHandle(Playout(RATE), interruptible=interruptible)
        self.queue.put(handle)
        for text in sentences:
            self.add(handle, text)
        if finish:
            handle.playout.finish()
        return handle

    def add(self, handle: UtteranceHandle, text: str) -> None:
        sentence = handle.playout.begin(text)
        handle.playout.append(sentence, speak(text, sample_rate=RATE, pause=0.1))
        handle.playout.complete(sentence)
        self.queue.wake()

    def listen(self, frames: int = 10_000) -> None:
        for _ in range(frames):
            frame = self.queue.read(FRAME)
            if frame is None:
                return
            self.heard.append(frame)

    @property
    def words(self) -> str:
        return read_speech(PcmData(np.concatenate(self.heard), RATE)) if self.heard else ""
