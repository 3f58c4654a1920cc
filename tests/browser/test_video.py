"""The browser's camera reaches processors and a model that sees; what the agent shows reaches the page."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.browser.chromium import ALLOWED, DEVICES, browser, phase
from tests.browser.conftest import Shoot
from tests.browser.serving import serving
from tests.core.agents.video_parts import Eye, Painter
from tests.plugins.webrtc.parts import new_edge, soon, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.types.people import User
from vision_agents.core.video.window import VisionSettings
from vision_agents.testing import ScriptedTTS, ScriptedVisionLLM

AVERAGE_GREY = """
() => {
  const video = document.querySelector("#agent-video");
  if (!video || !video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 8, 8);
  const data = context.getImageData(0, 0, 8, 8).data;
  return data.reduce((sum, value, index) => index % 4 < 3 ? sum + value : sum, 0) / (64 * 3);
}
"""


def rate(eye: Eye) -> float:
    """Pictures a second, by the usual gap: a busy machine makes a few long ones."""
    return float(1 / np.median(np.diff(eye.at)))


@pytest.mark.timeout(120)
async def test_the_fake_camera_reaches_a_processor_and_a_model_and_the_drawing_comes_back(
    shoot: Shoot,
) -> None:
    eye, late, painter = Eye(fps=5), Eye(takes=0.5), Painter(fps=10)
    llm = ScriptedVisionLLM(["I see you."])
    agents: list[Agent] = []

    async def create_agent() -> Agent:
        first = not agents
        agents.append(
            Agent(
                edge=new_edge(),
                agent_user=User(id="agent", name="Ada"),
                llm=llm,
                tts=ScriptedTTS(),
                processors=() if first else (painter, eye, late),
                vision=VisionSettings(frames=3, fps=1),
            )
        )
        return agents[-1]

    launcher = AgentLauncher(create_agent, stay)
    async with (
        serving(build_app(launcher, ServeOptions())) as origin,
        browser(DEVICES, ALLOWED) as running,
    ):
        page = running.pages[0]
        await page.goto(f"{origin}/demo/#call=lunch")
        await page.click("#start-quiet")
        await phase(page, "live")
        await page.click("#camera")
        await soon(lambda: len(eye.at) >= 5, within=30)
        eye.at.clear()
        late.at.clear()
        late.ages.clear()
        await asyncio.sleep(6)
        measured, slow = rate(eye), rate(late)
        session = next(agent.session for agent in agents if agent.processors)
        assert session is not None
        await session.reply("What do you see?")
        shown = await page.evaluate(AVERAGE_GREY)
        await shoot(page, "video")
        await page.click("#camera")
        await soon(lambda: "stop" in eye.told, within=10)

    assert measured == pytest.approx(5, rel=0.1)
    assert slow == pytest.approx(2, rel=0.1)
    assert sorted(late.ages)[len(late.ages) // 2] < 0.2  # the newest wins
    (frames,) = llm.seen
    assert len(frames) == 3
    assert frames[-1].captured_at - frames[0].captured_at == pytest.approx(2, abs=0.7)
    drawn = np.mean([frame.to_rgb().mean() for frame in frames])
    assert shown == pytest.approx(drawn, abs=40)  # the page shows what the model was shown: the drawing
