"""Processors that keep what is done to them, and calls in which somebody shows something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.event import Event
from vision_agents.core.llm.llm import LLM
from vision_agents.core.llm.video import VideoLLM
from vision_agents.core.processors.processor import Processor, VideoProcessor, VideoProcessorPublisher
from vision_agents.core.types.people import User
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import Rgb, RgbFrame, VideoFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.core.video.window import VisionSettings
from vision_agents.testing import (
    CallScene,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    ScriptedVisionLLM,
    SimulatedCaller,
)

NIGHT, DAY = np.zeros((24, 32, 3), np.uint8), np.full((24, 32, 3), 200, np.uint8)


def now() -> float:
    return asyncio.get_running_loop().time()


def brightness(frame: VideoFrame) -> int:
    return int(frame.to_rgb()[0, 0, 0])


class Eye(VideoProcessor):
    """Keeps when it saw which picture, and what was asked of it; each picture takes it some time."""

    name = "eye"

    def __init__(self, *, fps: float | None = None, takes: float = 0.0) -> None:
        self.fps = fps
        self.takes = takes
        self.told: list[str] = []
        self.at: list[float] = []
        self.ages: list[float] = []
        self.shades: list[int] = []
        self.tracks: list[VideoTrack] = []
        self.forwarders: list[VideoForwarder] = []
        self.agent: Any = None

    def attach_agent(self, agent: Any) -> None:
        self.agent = agent
        self.told.append("attach")

    async def start(self) -> None:
        self.told.append("start")

    async def process_video(
        self, track: VideoTrack, participant_id: str | None, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        assert shared_forwarder is not None
        self.told.append(f"process {track.kind.name}")
        self.tracks.append(track)
        self.forwarders.append(shared_forwarder)
        shared_forwarder.add_frame_handler(self._see, fps=self.fps, name=self.name)

    async def stop_processing(self) -> None:
        self.told.append("stop")

    async def close(self) -> None:
        self.told.append("close")

    async def _see(self, frame: VideoFrame) -> None:
        self.at.append(now())
        self.ages.append(now() - frame.captured_at)
        self.shades.append(brightness(frame))
        await asyncio.sleep(self.takes)


class Painter(Eye, VideoProcessorPublisher):
    """Publishes what it sees in negative."""

    name = "painter"

    def __init__(self, **settings: float) -> None:
        super().__init__(**settings)
        self.out = VideoTrack()

    def publish_video_track(self) -> VideoTrack:
        return self.out

    async def _see(self, frame: VideoFrame) -> None:
        await super()._see(frame)
        self.out.push(RgbFrame(255 - frame.to_rgb(), captured_at=now()))


class WatchingLLM(ScriptedVisionLLM, VideoLLM):
    """Looks at tracks by itself."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines)
        self.watched: list[str] = []
        self.at: list[float] = []

    async def watch_video_track(
        self, track: VideoTrack, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        assert shared_forwarder is not None
        who = "file" if track.participant is None else "caller"
        self.watched.append(f"{track.kind.name} {who}")
        shared_forwarder.add_frame_handler(lambda _frame: self.at.append(now()), fps=2)

    async def stop_watching_video_track(self) -> None:
        self.watched.append("stop")


def video_agent(
    llm: LLM | None = None,
    *,
    processors: Sequence[Processor] = (),
    vision: VisionSettings | None = None,
    edge: Edge | None = None,
) -> Agent:
    return Agent(
        edge=edge or Edge(),
        agent_user=User(id="agent"),
        llm=llm or ScriptedVisionLLM(),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
        processors=processors,
        vision=vision,
    )


@asynccontextmanager
async def in_call(agent: Agent) -> AsyncGenerator[CallScene]:
    """Join a call with a caller in it."""
    events: list[Event] = []
    agent.events.on(Event, events.append)
    call = await agent.create_call("default", "scene")
    assert isinstance(agent.edge, Edge)
    async with SimulatedCaller(agent.edge) as caller, agent.join(call) as session:
        yield CallScene(agent, session, caller, events=events)


def moving(seconds: float) -> Rgb:
    """A picture whose brightness tells its time in tenths of a second."""
    return np.full((24, 32, 3), round(seconds * 10) % 256, np.uint8)
