"""The agent's way out: utterances, mixer, pacer, connection."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.audio.pacer import Pacer
from vision_agents.core.edge.transport import Connection
from vision_agents.core.speech.mixer import Mixer
from vision_agents.core.speech.playout import Playout
from vision_agents.core.speech.queue import QueueHooks, UtteranceQueue
from vision_agents.core.speech.utterance import UtteranceHandle


class Output:
    """Plays utterances into a connection, one after the other.

    Args:
        connection: where the audio goes.
        started: the first frame of an utterance goes out.
        ended: an utterance has reached its final state.
        on_error: the connection refused a frame; nothing more is played.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        started: Callable[[UtteranceHandle], None],
        ended: Callable[[UtteranceHandle], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._rate = connection.output_rate
        self.mixer = Mixer(self._rate)
        self._pacer = Pacer(self.mixer.pull, connection.send_audio, on_error=on_error)
        self.queue = UtteranceQueue(
            QueueHooks(
                wake=self._pacer.kick,
                flush=connection.flush_audio,
                unplayed=lambda: connection.unplayed,
                started=started,
                ended=ended,
            )
        )
        self.mixer.add(self.queue)

    def new_utterance(self, *, interruptible: bool = True) -> UtteranceHandle:
        """Make an utterance in the connection's sample rate; `queue.put` plays it."""
        return UtteranceHandle(Playout(self._rate), interruptible=interruptible)

    def stop(self) -> None:
        """Play nothing more."""
        self._pacer.stop()
