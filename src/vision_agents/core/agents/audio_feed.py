"""What the participants say, to a processor that listens."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.processors.processor import AudioProcessor
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.processors")

_MOST_WAITING: Seconds = 8.0


class AudioFeed:
    """Gives one processor all audio, one piece at a time; where it is slow, the oldest is dropped.

    Args:
        processor: who listens.
        events: told of failures, once for each row of them.
        scope: holds the task.
    """

    def __init__(self, processor: AudioProcessor, events: EventBus, scope: TaskScope) -> None:
        self.processor = processor
        self.dropped = 0
        self._events = events
        self._waiting: deque[tuple[PcmData, Participant]] = deque()
        self._length: Seconds = 0.0
        self._more = asyncio.Event()
        self._task = scope.start(self._run(), name=processor.name)

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a piece; returns at once."""
        self._waiting.append((pcm, participant))
        self._length += pcm.duration
        while self._length > _MOST_WAITING and len(self._waiting) > 1:
            self._take()
            self.dropped += 1
        self._more.set()

    def stop(self) -> None:
        """Give it nothing more; the scope waits for its end."""
        self._task.cancel()

    def _take(self) -> tuple[PcmData, Participant]:
        pcm, participant = self._waiting.popleft()
        self._length -= pcm.duration
        return pcm, participant

    async def _run(self) -> None:
        failing = False
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                pcm, participant = self._take()
                try:
                    await self.processor.process_audio(pcm, participant)
                    failing = False
                except Exception as error:  # noqa: BLE001 - a processor is foreign code
                    if not failing:
                        failing = True
                        name = self.processor.name
                        logger.error("A processor failed", extra={"processor": name, **failure_fields(error)})
                        self._events.emit(ExceptionEvent, handler=name, error=error)
