"""One utterance at a time: what is played now, what comes next, what is cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.errors import ProviderError
from vision_agents.core.speech.playout import Int16
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.types.units import Seconds

FADE: Seconds = 0.02
"""One frame: long enough not to click, short enough to be silence at once."""


@dataclass(frozen=True, slots=True)
class QueueHooks:
    """What the queue asks of its owner.

    Args:
        wake: there may be something to play now.
        wake_later: there may be something to do in so many seconds.
        flush: drop what the transport has not played yet, and end with the frame given.
        unplayed: how much the transport has not played yet.
        started: the first frame of an utterance is going out.
        ended: an utterance has reached its final state.
    """

    wake: Callable[[], None]
    wake_later: Callable[[Seconds], None]
    flush: Callable[[PcmData | None], None]
    unplayed: Callable[[], Seconds]
    started: Callable[[UtteranceHandle], None]
    ended: Callable[[UtteranceHandle], None]


class UtteranceQueue:
    """Utterances in the order in which they are heard; a source of audio for the mixer."""

    def __init__(self, hooks: QueueHooks) -> None:
        self._hooks = hooks
        self._waiting: list[UtteranceHandle] = []
        self.current: UtteranceHandle | None = None
        self.underruns = 0
        """Times a begun utterance had no audio when its next frame was due."""
        self._held = False
        self._beside: list[UtteranceHandle] = []
        self._starved = False
        self._suspended: list[UtteranceHandle] = []
        self.broken: Exception | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is playing or waiting."""
        return self.current is None and not (self._waiting or self._beside or self._suspended)

    def __contains__(self, utterance: UtteranceHandle) -> bool:
        """Whether an utterance is playing or waiting here."""
        queued = (*self._waiting, *self._beside, *self._suspended)
        return utterance is self.current or utterance in queued

    def put(self, utterance: UtteranceHandle, *, beside: bool = False) -> None:
        """Play it after what is already there; `beside`: as soon as what is playing waits for more."""
        if utterance.done():
            return
        if self.broken is not None:
            utterance.end(UtteranceState.FAILED, error=self.broken)
            return
        utterance.stop = self._cut
        (self._beside if beside else self._waiting).append(utterance)
        if not utterance.playout.awaited:
            self._hooks.wake()

    def wake(self) -> None:
        """Hear that an utterance has more audio, or is finished."""
        self._hooks.wake()

    def interrupt(self, *, force: bool = False) -> bool:
        """Cut everything that may be cut; tell whether nothing is left."""
        for utterance in [u for u in (self.current, *self._beside, *self._waiting) if u is not None]:
            if force or utterance.is_interruptible:
                utterance.interrupt(force=True)
        return self.empty

    def hold(self) -> None:
        """Fall silent at once, and keep what is being said."""
        if self._held or self.current is None:
            return
        self._held = True
        unplayed = self._hooks.unplayed()
        self._flush(self.current)
        self.current.playout.take_back(unplayed)

    def release(self) -> None:
        """Go on with what was held, from the beginning of the word it was cut in."""
        if self._held and self.current is not None:
            self.current.playout.go_to_word_start()
        self._held = False
        self._hooks.wake()

    def read(self, count: int) -> Int16 | None:
        """Give the next `count` samples of the utterance whose turn it is, or None."""
        if self._held:
            return None
        while (utterance := self._playing(count)) is not None:
            if utterance.playout.can_read(count):
                self._starved = False
                if utterance.state is UtteranceState.QUEUED:
                    utterance.state = UtteranceState.PLAYING
                    self._hooks.started(utterance)
                return utterance.playout.read(count)
            if not utterance.playout.drained:
                self._count_underrun(utterance)
                return None
            if (unplayed := self._hooks.unplayed()) > 0:
                self._hooks.wake_later(unplayed)
                return None
            self._finish(utterance)
        return None

    def _playing(self, count: int) -> UtteranceHandle | None:
        current = self.current
        if self._beside and (current is None or not current.playout.can_read(count)):
            if (unplayed := self._hooks.unplayed()) > 0:  # what is playing is still being heard
                self._hooks.wake_later(unplayed)
                return None
            if current is not None:
                self._suspended.append(current)
            self.current = self._beside.pop(0)
        elif current is None and self._suspended:
            self.current = self._suspended.pop()
        elif current is None and self._waiting:
            self.current = self._waiting.pop(0)
        return self.current

    def _count_underrun(self, utterance: UtteranceHandle) -> None:
        if utterance.state is UtteranceState.PLAYING and not self._starved:
            self._starved = True
            self.underruns += 1

    def _finish(self, utterance: UtteranceHandle) -> None:
        """End an utterance whose last frame was read one frame ago: by now it has been played."""
        self.current = None
        failure = utterance.failure
        if failure is None and not utterance.playout.produced:
            failure = ProviderError("The synthesiser gave no audio.", provider="tts", stage="tts")
        utterance.end(UtteranceState.FAILED if failure else UtteranceState.COMPLETED, error=failure)
        self._hooks.ended(utterance)

    def fail(self, utterance: UtteranceHandle, error: Exception) -> None:
        """End an utterance that cannot go on; what it said was heard."""
        if utterance.done():
            return
        if self._will_be_heard(utterance):
            utterance.failure = error
            utterance.playout.finish()
            self._hooks.wake()
            return
        self._remove(utterance)
        utterance.end(UtteranceState.FAILED, error=error)
        self._hooks.ended(utterance)
        self._hooks.wake()

    def _will_be_heard(self, utterance: UtteranceHandle) -> bool:
        """Whether some of it was not read, or the transport has not played it yet."""
        unread = utterance in self and utterance.playout.played < utterance.playout.produced
        return unread or (utterance is self.current and self._hooks.unplayed() > 0)

    def _cut(self, utterance: UtteranceHandle) -> None:
        sounding = utterance is self.current and not self._held
        unplayed = self._hooks.unplayed() if sounding else 0.0
        if sounding:
            self._flush(utterance)
        self._remove(utterance)
        utterance.end(UtteranceState.INTERRUPTED, unplayed=unplayed)
        self._hooks.ended(utterance)
        self._hooks.wake()

    def _flush(self, utterance: UtteranceHandle) -> None:
        fade = round(FADE * utterance.playout.sample_rate)
        playing = utterance.state is UtteranceState.PLAYING
        if self.broken is None:
            self._hooks.flush(utterance.playout.fade_out(fade) if playing else None)

    def _remove(self, utterance: UtteranceHandle) -> None:
        if utterance is self.current:
            self.current = None
            self._held = False
        for queued in (self._waiting, self._beside, self._suspended):
            if utterance in queued:
                queued.remove(utterance)
