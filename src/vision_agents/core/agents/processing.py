"""What works beside the conversation: processors, what a model is shown, what the agent shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vision_agents.core.agents.audio_feed import AudioFeed
from vision_agents.core.agents.output import Output
from vision_agents.core.agents.processor_feed import ModelFeed, ProcessorFeed, guarded
from vision_agents.core.agents.publishing import Publishing
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Connection
from vision_agents.core.llm.video import VideoLLM
from vision_agents.core.processors.processor import AudioProcessor, Processor, VideoProcessor
from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.call_tracks import CallTracks
from vision_agents.core.video.file_track import VideoFileTrack
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.window import FrameWindow

if TYPE_CHECKING:
    from vision_agents.core.agents.session import AgentSession


class Processing:
    """Feeds the processors of a session, and the model that sees; an agent without any costs nothing.

    One task compares who should be shown what with who is, whenever that may have changed.

    Args:
        session: whose processors they are; after a hand-off, those of the agent that goes on.
    """

    def __init__(self, session: AgentSession) -> None:
        agent = session.agent
        self._session = session
        self._events = agent.events
        self.tracks = CallTracks(self.look)
        self._window = FrameWindow(agent.vision)
        self._video_feed = ProcessorFeed(agent.events, agent.metrics_collector)
        self._model_feed = ModelFeed(agent.events)
        self._audio_feeds: tuple[AudioFeed, ...] = ()
        self._ready: dict[Processor, bool] = {}
        """Those that were started, and whether that went well."""
        self._file: VideoFileTrack | None = None
        self._scope = TaskScope(f"processing:{session.id}")
        self._joined: tuple[Connection, Output] | None = None
        self._publishing: Publishing | None = None
        self._stale: asyncio.Event | None = None
        """Set when somebody may have to be shown something else; None while nobody wants to be."""

    # What the call brings.

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        """Take a picture."""
        self.tracks.show(participant, kind, frame)

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        """Note that a track has ended."""
        self.tracks.end(participant, kind)

    def on_left(self, participant: Participant) -> None:
        """Note that a participant shows nothing any more."""
        self.tracks.leave(participant)

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a participant's audio."""
        for feed in self._audio_feeds:
            feed.hear(participant, pcm)

    def frames(self, count: int | None = None) -> tuple[VideoFrame, ...]:
        """Give the newest pictures of the best track, for a model that sees; the last one is the newest."""
        self._window.look_at(self.tracks.best)
        return self._window.newest(count)

    # The session's life.

    async def start(self) -> None:
        """Get the processors ready, and the file that takes the place of live video.

        A processor that fails is left out; a file that cannot be played is a `MediaError`.
        """
        agent = self._session.agent
        if agent.processors:
            await self._get_ready(agent.processors)
        path = agent.video_track_override_path
        if path is not None and agent.takes_video and self._file is None:
            self._file = await VideoFileTrack.open(path, media_root=agent.media_root)

    def open(self, connection: Connection, output: Output) -> None:
        """Begin: somebody may show something from now on."""
        self._joined = connection, output
        if self._file is not None:
            self._file.on_broken = self.look
            self._file.start()
            self.tracks.replace_by(self._file.track)
        self.look()

    async def close(self) -> None:
        """End all work; the processors themselves are closed with the agent's other parts."""
        await self._scope.close()
        self.tracks.close()
        self._window.look_at(None)
        if self._publishing is not None:
            self._publishing.publish(())
        steps = [self._video_feed.show(None, ()), self._model_feed.show(None, None)]
        if self._file is not None:
            steps.append(self._file.close())
        await asyncio.gather(*steps)

    def look(self) -> None:
        """Note that somebody may have to be shown something else: another track, model or agent."""
        if self._stale is not None:
            self._stale.set()
        elif self._joined is not None and not self._scope.closed and self._session.agent.takes_media:
            self._stale, self._publishing = asyncio.Event(), Publishing(*self._joined)
            self._scope.start(self._follow(self._stale, self._publishing), name="follow")

    async def _follow(self, stale: asyncio.Event, publishing: Publishing) -> None:
        while True:
            stale.clear()
            processors = self._session.agent.processors
            await self._get_ready(processors)
            at_work = [processor for processor in processors if self._ready[processor]]
            self._listen(at_work)
            self.tracks.process_into(publishing.publish(at_work))
            await self._show(at_work)
            await stale.wait()

    async def _show(self, at_work: Sequence[Processor]) -> None:
        raw, best = self.tracks.best_raw, self.tracks.best
        if self._session.agent.sees:
            self._window.look_at(best)
        lookers = [processor for processor in at_work if isinstance(processor, VideoProcessor)]
        await self._video_feed.show(raw, lookers)
        model = self._session.pipeline.model if self._session.pipeline else None
        await self._model_feed.show(best, model if isinstance(model, VideoLLM) else None)

    def _listen(self, at_work: Sequence[Processor]) -> None:
        wanted = [processor for processor in at_work if isinstance(processor, AudioProcessor)]
        kept = [feed for feed in self._audio_feeds if feed.processor in wanted]
        for feed in self._audio_feeds:
            if feed not in kept:
                feed.stop()
        fed = [feed.processor for feed in kept]
        fresh = [AudioFeed(one, self._events, self._scope) for one in wanted if one not in fed]
        self._audio_feeds = (*kept, *fresh)

    async def _get_ready(self, processors: Sequence[Processor]) -> None:
        new = [processor for processor in processors if processor not in self._ready]
        went_well = await asyncio.gather(*(self._begin(processor) for processor in new))
        self._ready.update(zip(new, went_well, strict=True))

    async def _begin(self, processor: Processor) -> bool:
        async def begin() -> None:
            processor.attach_agent(self._session.agent)
            await processor.start()

        return await guarded(begin(), processor.name, self._events)
