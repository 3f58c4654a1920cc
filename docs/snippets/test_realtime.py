"""A speech-to-speech model in a call: one model hears, thinks and speaks."""

import pytest

from vision_agents.core import Agent, User
from vision_agents.core.edge.loopback import Edge
from vision_agents.testing import Calls, Says, ScriptedRealtime, SimulatedCaller


@pytest.mark.virtual_time
async def test_a_realtime_model_uses_a_tool() -> None:
    """The caller hears what the tool gave, in the model's own voice."""
    model = ScriptedRealtime(Calls(tool="opening_hours"), Says(text="We open at nine.", to="9:00"))
    agent = Agent("You are the desk.", edge=Edge(), agent_user=User(name="Desk"), llm=model)

    @agent.llm.register_function(description="Tell the opening hours.")
    async def opening_hours() -> str:
        return "9:00"

    call = await agent.create_call("default", "desk")
    assert isinstance(agent.edge, Edge)
    async with SimulatedCaller(agent.edge) as caller, agent.join(call) as session:
        assert session.pipeline is not None
        assert session.pipeline.config.is_realtime
        await caller.says("when do you open")
        await caller.hears("we open at nine")
