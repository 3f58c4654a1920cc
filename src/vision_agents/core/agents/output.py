"""The agent's way out: utterances, mixer, pacer, connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from vision_agents.core.audio.pacer import Pacer
from vision_agents.core.edge.transport import Connection
from vision_agents.core.speech.mixer import Mixer
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
        self._rate = connection.output_rate
        self._unplayed: Callable[[], Seconds] = lambda: connection.unplayed
        self._sentence = sentence
        self.mixer = Mixer(self._rate)
        self._pacer = Pacer(self.mixer.pull, connection.send_audio, on_error=self._broke)
        self._on_error = on_error
        self.queue = UtteranceQueue(
            QueueHooks(
                wake=self._pacer.kick,
                wake_later=self._wake_later,
                flush=connection.flush_audio,
                unplayed=self._unplayed,
                started=started,
                ended=ended,
            )
        )
        self.mixer.add(self.queue)

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

    def _wake_later(self, delay: Seconds) -> None:
        asyncio.get_running_loop().call_later(delay, self._pacer.kick)
