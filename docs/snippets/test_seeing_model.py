"""A model that sees: what the caller shows reaches it with each question."""

import numpy as np
import pytest

from vision_agents.core import Agent, User
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.video.window import VisionSettings
from vision_agents.testing import (
    Says,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    ScriptedVisionLLM,
    SimulatedCaller,
)

RED = np.full((48, 64, 3), (200, 30, 30), np.uint8)


@pytest.mark.virtual_time
async def test_the_model_is_shown_the_last_three_seconds() -> None:
    """Three pictures, a second apart; the last one is the newest."""
    llm = ScriptedVisionLLM([Says(text="It is red.", to="colour")])
    agent = Agent(
        edge=Edge(),
        agent_user=User(id="agent"),
        llm=llm,
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
        vision=VisionSettings(frames=3, fps=1),
    )
    call = await agent.create_call("default", "test-call")
    async with SimulatedCaller(agent.edge) as caller, agent.join(call):
        caller.shows(RED)
        await caller.waits(3)
        await caller.says("What colour is this?")
        await caller.hears("it is red")

    (shown,) = llm.seen
    assert [tuple(frame.to_rgb()[0, 0]) for frame in shown] == [(200, 30, 30)] * 3
