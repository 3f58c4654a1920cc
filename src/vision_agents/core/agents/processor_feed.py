"""The best track of a call to the processors and to a model that looks by itself; no failure gets out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.llm.video import VideoLLM
from vision_agents.core.observability.collector import MetricsCollector
from vision_agents.core.processors.processor import VideoProcessor
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.track import VideoTrack

logger = logging.getLogger("vision_agents.processors")

_PATIENCE: Seconds = 10.0
"""For a processor to begin or to end its work; then it is left."""


async def guarded(work: Awaitable[object], name: str, events: EventBus) -> bool:
    """Do foreign work; tells whether it went well, and of what went wrong as an event."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await work
    except Exception as error:  # noqa: BLE001 - a processor is foreign code
        logger.error("A processor failed", extra={"processor": name, **failure_fields(error)})
        events.emit(ExceptionEvent, handler=name, error=error)
        return False
    return True


class ProcessorFeed:
    """Shows one track at a time to all processors, to each through a forwarder that ends with its work.

    Args:
        events: told of failures.
        metrics: told of every picture that a processor took, and how long it took.
    """

    def __init__(self, events: EventBus, metrics: MetricsCollector) -> None:
        self._events = events
        self._metrics = metrics
        self._at_work: dict[VideoProcessor, VideoForwarder] = {}

    async def show(self, track: VideoTrack | None, processors: Iterable[VideoProcessor]) -> None:
        """Let exactly these processors work on exactly this track; None ends their work."""
        wanted = tuple(processors) if track is not None else ()
        gone = [processor for processor in self._at_work if processor not in wanted]
        await asyncio.gather(*(self._end(processor) for processor in gone))
        if track is not None:
            await asyncio.gather(*(self._begin(processor, track) for processor in wanted))

    async def _end(self, processor: VideoProcessor) -> None:
        await guarded(self._at_work.pop(processor).stop(), processor.name, self._events)
        await guarded(processor.stop_processing(), processor.name, self._events)

    async def _begin(self, processor: VideoProcessor, track: VideoTrack) -> None:
        forwarder = self._at_work.get(processor)
        if forwarder is not None:
            if forwarder.track is track:
                return
            await guarded(forwarder.stop(), processor.name, self._events)
        self._at_work[processor] = forwarder = VideoForwarder(
            track, name=processor.name, on_handled=self._metrics.on_frame, on_failed=self._failed
        )
        who = track.participant.id if track.participant is not None else None
        work = processor.process_video(track, who, shared_forwarder=forwarder)
        await guarded(work, processor.name, self._events)

    def _failed(self, name: str, error: Exception) -> None:
        self._events.emit(ExceptionEvent, handler=name, error=error)


class ModelFeed:
    """Shows one track at a time to a model that looks by itself.

    Args:
        events: told of failures.
    """

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._model: VideoLLM | None = None
        self._forwarder: VideoForwarder | None = None

    async def show(self, track: VideoTrack | None, model: VideoLLM | None) -> None:
        """Let the model look at exactly this track; None ends it."""
        same = self._forwarder is not None and self._forwarder.track is track and self._model is model
        if same or (self._forwarder is None and (track is None or model is None)):
            return
        old, forwarder = self._model, self._forwarder
        self._model = self._forwarder = None
        if forwarder is not None:
            await guarded(forwarder.stop(), "stop", self._events)
        if old is not None and (track is None or model is not old):
            await guarded(old.stop_watching_video_track(), "model", self._events)
        if track is not None and model is not None:
            self._model, self._forwarder = model, VideoForwarder(track, name="model")
            await guarded(model.watch_video_track(track, self._forwarder), "model", self._events)
