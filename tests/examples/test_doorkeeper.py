"""The doorkeeper announces a visitor and tells what there is to see, with a real film as the camera."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from tests.core.video.films import film
from tests.examples.test_session_examples import edge_of, example
from tests.plugins.motion.test_motion import FPS, Door, walk

from vision_agents.core.edge.loopback import Edge
from vision_agents.core.history.messages import FunctionResult
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.testing import Calls, Says, SimulatedCaller
from vision_agents.testing.scripted import Line

pytestmark = pytest.mark.virtual_time


def doorkeeper_with(*lines: Line) -> ModuleType:
    """The example on the in-process edge; its model follows a script."""
    module = example("doorkeeper", *lines)
    module.__dict__["Edge"] = Edge
    return module


async def test_a_visitor_is_announced_and_what_there_is_to_see_is_told(tmp_path: Path) -> None:
    door = Door()
    path = film(tmp_path / "door.mp4", [door.at(b / FPS, walk(b / FPS)) for b in range(14 * FPS)], fps=FPS)
    look = Calls(tool="look", to="what do you see")
    doorkeeper = doorkeeper_with(look, Says(text="All is quiet here.", to="Everything is still"))
    launcher = AgentLauncher(doorkeeper.create_agent, doorkeeper.join_call, agent_idle_timeout=500)
    async with launcher:
        session = await launcher.start_session("door", video_track_override_path=str(path))
        async with SimulatedCaller(edge_of(session.agent), call_id="door") as caller:
            await caller.hears("something is moving on the left", within=10)
            await caller.waits(5)
            await caller.says("what do you see")
            await caller.hears("all is quiet here")
            looked = [item.output for item in session.history if isinstance(item, FunctionResult)]
            assert looked[0].startswith("Everything is still")
            assert len(caller.peer.seen) > 30
        await session.close()


async def test_the_doorkeeper_says_when_there_is_no_camera() -> None:
    no_picture = Says(text="I see nothing.", to="There is no picture")
    doorkeeper = doorkeeper_with(Calls(tool="look"), no_picture)
    async with AgentLauncher(doorkeeper.create_agent, doorkeeper.join_call) as launcher:
        session = await launcher.start_session("door")
        async with SimulatedCaller(edge_of(session.agent), call_id="door") as caller:
            await caller.waits(1)
            await caller.says("what do you see")
            await caller.hears("i see nothing")
        await session.close()
