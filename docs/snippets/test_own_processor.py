"""A processor of your own: it looks twice a second, in a thread, and tells when the light goes off."""

import asyncio
from typing import Any

import numpy as np
import pytest

from vision_agents.core.events.plugin import VideoProcessorDetectionEvent
from vision_agents.core.processors.processor import VideoProcessor
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import VideoFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.testing import scripted_call

LIGHT, DARK = np.full((48, 64, 3), 180, np.uint8), np.zeros((48, 64, 3), np.uint8)


class LightWatcher(VideoProcessor):
    """Sees whether it is dark."""

    name = "light"

    def __init__(self) -> None:
        self.dark = False

    def attach_agent(self, agent: Any) -> None:
        """Keep where events go."""
        self.events = agent.events

    async def process_video(
        self, track: VideoTrack, participant_id: str | None, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        """Begin to look at a track."""
        assert shared_forwarder is not None
        shared_forwarder.add_frame_handler(self.look, fps=2)

    async def stop_processing(self) -> None:
        """Nobody shows anything any more."""
        self.dark = False

    async def look(self, frame: VideoFrame) -> None:
        """Work on one picture; the next one comes when this is done."""
        brightness = await asyncio.to_thread(lambda: float(frame.to_rgb().mean()))
        was_dark, self.dark = self.dark, brightness < 20
        if self.dark and not was_dark:
            self.events.emit(VideoProcessorDetectionEvent, plugin_name=self.name, detection_count=1)


@pytest.mark.virtual_time
async def test_the_light_goes_off_and_the_agent_says_so() -> None:
    """The caller's lamp is on for three seconds."""
    async with scripted_call(processors=[LightWatcher()]) as call:

        @call.agent.events.subscribe
        async def tell(event: VideoProcessorDetectionEvent) -> None:
            call.session.say("It got dark.")

        call.caller.shows(lambda seconds: LIGHT if seconds < 3 else DARK)
        await call.caller.hears("it got dark", within=5)
