"""The agent's way out: utterances, mixer, pacer, connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from vision_agents.core.audio.pacer import Pacer
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Connection
from vision_agents.core.speech.gate import Gate
from vision_agents.core.speech.mixer import Behind, Mixer
from vision_agents.core.speech.playout import Playout, Sentence
from vision_agents.core.speech.queue import FADE, QueueHooks, UtteranceQueue
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.types.units import Seconds


class Silence:
    """The end of a sound that was cut; awaiting it waits until nothing of it is heard any more."""

    def __init__(self, *, at: Seconds = 0.0, unplayed: Callable[[], Seconds] | None = None) -> None:
        self._at = at
        self._unplayed = unplayed

    def __await__(self) -> Generator[Any, None, None]:
        """Wait for the last sample."""
        return self._wait().__await__()

    async def _wait(self) -> None:
        left = self._at - asyncio.get_running_loop().time()
        while left > 0:
            await asyncio.sleep(left)
            left = self._unplayed() if self._unplayed is not None else 0.0


class Output:
    """Plays utterances into a connection, one after the other.

    Args:
        connection: where the audio goes.
        started: the first frame of an utterance goes out.
        sentence: the first sample of a sentence goes out.
        ended: an utterance has reached its final state.
        on_error: the connection refused a frame; nothing more is played.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        started: Callable[[UtteranceHandle], None],
        sentence: Callable[[UtteranceHandle, Sentence], None],
        ended: Callable[[UtteranceHandle], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._connection = connection
        self._rate = connection.output_rate
        self._sentence = sentence
        self.mixer = Mixer(self._rate)
        self._pacer = Pacer(self.mixer.pull, self._emit, on_error=self._broke)
        self._on_error = on_error
        self.queue = UtteranceQueue(
            QueueHooks(
                wake=self._pacer.kick,
                wake_later=self._wake_later,
                flush=self._flush,
                unplayed=self._unplayed,
                started=started,
                ended=ended,
            )
        )
        self.gate = Gate(self.queue, self._pacer.kick)
        self.mixer.add(self.gate)

    @property
    def sample_rate(self) -> int:
        """Of everything that is played, in Hz."""
        return self._rate

    def play_behind(self, clip: Behind) -> None:
        """Let a sound be heard behind the voices; again after it was opened anew."""
        if clip not in self.mixer.clips:
            self.mixer.add_behind(clip)
        self._pacer.kick()

    def new_utterance(self, *, interruptible: bool = True) -> UtteranceHandle:
        """Make an utterance in the connection's sample rate; `queue.put` plays it."""
        utterance = UtteranceHandle(Playout(self._rate), interruptible=interruptible)
        utterance.playout.on_sentence = partial(self._sentence, utterance)
        return utterance

    def _broke(self, error: Exception) -> None:
        self.queue.broken = error
        self._on_error(error)

    def falling_silent(self) -> Silence:
        """What was just cut; its last frame fades out."""
        return Silence(at=asyncio.get_running_loop().time() + FADE, unplayed=self._unplayed)

    def stop(self) -> None:
        """Play nothing more."""
        self._pacer.stop()

    def _emit(self, frame: PcmData) -> None:
        if self.mixer.apart:
            self._connection.record_instead(self.mixer.kept)
        self._connection.send_audio(frame)

    def _unplayed(self) -> Seconds:
        """How much of the voice was not played yet; what plays behind it goes on after it."""
        unplayed = self._connection.unplayed
        return max(0.0, unplayed - self.mixer.since_voice) if self.mixer.behind else unplayed

    def _flush(self, last: PcmData | None) -> None:
        """Drop the voice that was not played yet; what plays behind it goes on without a gap."""
        if not self.mixer.behind:
            self._connection.flush_audio(last)
            return
        dropped = round(self._connection.unplayed * self._rate)
        if not dropped and last is not None:
            self.mixer.fade(last)
        for position, piece in enumerate(self.mixer.refill(dropped, last) if dropped else ()):
            self._connection.record_instead(last if position == 0 else None)
            if position == 0:
                self._connection.flush_audio(piece)
            else:
                self._connection.send_audio(piece)

    def _wake_later(self, delay: Seconds) -> None:
        asyncio.get_running_loop().call_later(delay, self._pacer.kick)
