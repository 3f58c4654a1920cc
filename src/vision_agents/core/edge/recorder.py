"""Recording a call as a stereo WAV: the others on the left, the agent on the right."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.timeline import StereoTimeline
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.errors import MediaError
from vision_agents.core.media.local_file import MediaPath
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.edge")

SAMPLE_RATE = 48_000
"""Of the recording, in Hz: that of nearly every edge, so that nothing is converted."""

_LEFT, _RIGHT = 0, 1
_AGENT = "agent"
_BATCH: Seconds = 1.0
_MAX_WAITING: Seconds = 60.0
_HOLD: Seconds = 0.5

_Step: TypeAlias = tuple[Seconds, Callable[[], None]]
_Write: TypeAlias = Callable[[list[_Step], Seconds], None]


class Recorder:
    """Writes both sides of a call on the loop's clock, which for the file starts when it is opened.

    Sound is kept for about a second and written in a thread; nothing runs while nobody speaks. The header
    is valid after every write. An error ends the recording, never the call.

    Make it with `await Recorder.open(path)`; put it on a call with `join_recorded`.
    """

    def __init__(self, writer: WavWriter, on_error: Callable[[MediaError], None] | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._writer = writer
        self._on_error = on_error
        self._timeline = StereoTimeline(SAMPLE_RATE)
        self._steps: list[_Step] = []
        self._waiting: Seconds = 0.0
        self._job: asyncio.Future[None] | None = None
        self._failure: MediaError | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: MediaPath, *, on_error: Callable[[MediaError], None] | None = None) -> Recorder:
        """Make the file, or overwrite it.

        Args:
            path: of the WAV file.
            on_error: hears once of an error while recording; without it, `close` raises the error.

        Raises:
            MediaError: the file cannot be written.
        """
        writer = await asyncio.to_thread(WavWriter, path, sample_rate=SAMPLE_RATE, channels=2)
        return cls(writer, on_error)

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Record what a participant said until now."""
        at = self._now() - pcm.duration
        step = partial(self._timeline.place, pcm, source=participant.id, channel=_LEFT, at=at)
        self._add(step, pcm.duration)

    def speak(self, pcm: PcmData, *, after: Seconds = 0.0) -> None:
        """Record what the agent says from now on, or `after` so many seconds."""
        at = self._now() + after
        step = partial(self._timeline.place, pcm, source=_AGENT, channel=_RIGHT, at=at)
        self._add(step, pcm.duration)

    def cut(self) -> None:
        """Take back what the agent would have said later than now."""
        self._add(partial(self._timeline.cut, source=_AGENT, channel=_RIGHT, at=self._now()), 0.0)

    async def close(self) -> None:
        """Write what is left and close the file.

        Raises:
            MediaError: the recording failed and there was no `on_error` to tell.
        """
        if self._closed:
            return
        self._closed = True
        now = self._now()
        if self._job is not None:
            await asyncio.wait([self._job])
        if self._failure is None:
            self._start_job(self._write_rest, now)
        if self._job is not None:
            await asyncio.wait([self._job])
        await asyncio.to_thread(self._writer.close)
        if self._failure is not None and self._on_error is None:
            raise self._failure

    def _now(self) -> Seconds:
        return self._loop.time() - self._started

    def _add(self, step: Callable[[], None], duration: Seconds) -> None:
        if self._closed or self._failure is not None:
            return
        self._steps.append((self._now(), step))
        self._waiting += duration
        if self._waiting > _MAX_WAITING:
            logger.error("A recording ended early: the disk is too slow for it")
            self._fail(MediaError("The recording ended early: the disk is too slow for it."))
        elif self._waiting >= _BATCH and self._job is None:
            self._start_job(self._write, self._now() - _HOLD)

    def _start_job(self, write: _Write, until: Seconds) -> None:
        steps, self._steps = self._steps, []
        self._waiting = 0.0
        self._job = self._loop.run_in_executor(None, write, steps, until)
        self._job.add_done_callback(self._written)

    def _write(self, steps: list[_Step], until: Seconds) -> None:
        """Do what was asked for since the last job, and write up to `until`; in a thread, one at a time."""
        for at, step in steps:
            if at - _HOLD > self._timeline.taken + _BATCH:  # after a long silence: not all of it in memory
                self._write_until(at - _HOLD)
            step()
        self._write_until(until)

    def _write_rest(self, steps: list[_Step], until: Seconds) -> None:
        self._write(steps, until)
        self._write_until(self._timeline.end)

    def _write_until(self, end: Seconds) -> None:
        for piece in self._timeline.take(end):
            self._writer.write(piece)

    def _written(self, job: asyncio.Future[None]) -> None:
        self._job = None
        if job.cancelled():
            return
        if error := job.exception():
            logger.error("A recording ended early", extra=failure_fields(error))
            known = isinstance(error, MediaError)
            self._fail(error if known else MediaError(f"The recording ended early: {error}"))
        elif self._waiting >= _BATCH and not self._closed:
            self._start_job(self._write, self._now() - _HOLD)

    def _fail(self, error: MediaError) -> None:
        self._failure = error
        self._steps.clear()
        if self._on_error is not None:
            self._on_error(error)
