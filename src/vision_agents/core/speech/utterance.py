"""One thing the agent says: its handle, its audio, its one end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from enum import StrEnum

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.flag import Flag
from vision_agents.core.functions.running import running_call
from vision_agents.core.speech.playout import Playout
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.speech")


class UtteranceState(StrEnum):
    """Where an utterance is; the last four are final."""

    QUEUED = "queued"
    PLAYING = "playing"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    SKIPPED = "skipped"


_OPEN = frozenset({UtteranceState.QUEUED, UtteranceState.PLAYING})


class UtteranceHandle:
    """What `say` and `reply` return; awaiting it waits until the last sample was played.

    It ends in exactly one state. Awaiting it never raises: `exception()` tells why it failed.
    """

    def __init__(self, playout: Playout, *, interruptible: bool = True) -> None:
        self.id = new_id("utt")
        self.playout = playout
        self.state = UtteranceState.QUEUED
        self.spoken_text = ""
        """What the listener heard; filled in at the end."""
        self.played_seconds: Seconds = 0.0
        self.stop: Callable[[UtteranceHandle], None] | None = None
        """How an interrupt reaches the one who plays it."""
        self.waits_for = ""
        """Id of the utterance it was queued behind by a tool of that utterance."""
        self.verbatim = True
        """Whether a text given to `say` is said as it is; False where the model is asked to say it."""
        self.failure: Exception | None = None
        """Why it cannot go on once what is there was played."""
        self._interruptible = interruptible
        self._error: Exception | None = None
        self._done = Flag()
        self._callbacks: list[Callable[[UtteranceHandle], object]] = []

    @property
    def is_interruptible(self) -> bool:
        """Whether a speaker, or `interrupt()` without force, may cut it."""
        return self._interruptible

    @property
    def text(self) -> str:
        """All that was to be said, as far as it is known."""
        return self.playout.text

    @property
    def interrupted(self) -> bool:
        """Whether it was cut."""
        return self.state is UtteranceState.INTERRUPTED

    def done(self) -> bool:
        """Whether it has ended."""
        return self.state not in _OPEN

    def exception(self) -> Exception | None:
        """Why it failed, or None."""
        return self._error

    def interrupt(self, *, force: bool = False) -> None:
        """Cut it; on a handle that has ended, nothing happens."""
        if self.done():
            return
        if not self._interruptible and not force:
            raise RuntimeError(f"Utterance {self.id} must not be interrupted: pass force=True to cut it.")
        if self.stop is not None:
            self.stop(self)
        self.end(UtteranceState.INTERRUPTED)

    def end(self, state: UtteranceState, *, error: Exception | None = None, unplayed: Seconds = 0.0) -> None:
        """Reach a final state; only the first call counts."""
        if self.done():
            return
        self.state = state
        self._error = error
        self.spoken_text = self.playout.spoken_text(unplayed=unplayed)
        self.played_seconds = max(0.0, self.playout.played - unplayed)
        self.playout.over = True
        self._done.set()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._tell(callback)
        # What refers back to it goes, and so it does itself: the collector would halt some later turn for it.
        self.stop = self.playout.on_sentence = None

    def add_done_callback(self, callback: Callable[[UtteranceHandle], object]) -> None:
        """Call `callback` with the handle when it has ended; at once if it has already."""
        if self.done():
            self._tell(callback)
        else:
            self._callbacks.append(callback)

    def _tell(self, callback: Callable[[UtteranceHandle], object]) -> None:
        try:
            callback(self)
        except Exception as error:  # noqa: BLE001 - a callback is foreign code
            logger.error(
                "A callback of an utterance failed", extra={"utterance": self.id, **failure_fields(error)}
            )

    async def wait(self) -> None:
        """Return when it has ended.

        Raises RuntimeError inside a tool that the utterance itself waits for: neither would ever end.
        """
        call = running_call.get()
        if call is not None and call.active and call.turn in {self.id, self.waits_for} and not self.done():
            raise RuntimeError(
                f"Utterance {self.id} cannot end before the tool {call.name} returns: do not await it there."
            )
        await self._done.wait()

    def __await__(self) -> Generator[None, None, None]:
        """Wait until it has ended."""
        return self.wait().__await__()
