"""A conversation test: what the caller says, and what the caller must hear."""

import pytest

from vision_agents.core import Agent, User
from vision_agents.core.edge.loopback import Edge
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
)


@pytest.mark.virtual_time
async def test_the_weather_is_looked_up_and_spoken() -> None:
    """Two requests to the model: one ends in a tool call, one in speech."""
    llm = ScriptedLLM(
        [
            Calls(tool="get_weather", arguments={"location": "Paris"}, to="weather in paris"),
            Says(text="It is sunny in Paris.", to="sunny and 72°F"),
        ]
    )
    agent = Agent(
        edge=Edge(),
        agent_user=User(id="agent"),
        llm=llm,
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
    )

    @agent.llm.register_function(description="Get the current weather for a location")
    async def get_weather(location: str) -> str:
        return f"The weather in {location} is sunny and 72°F."

    call = await agent.create_call("default", "test-call")
    async with SimulatedCaller(agent.edge) as caller, agent.join(call):
        await caller.says("What is the weather in Paris?")
        await caller.hears("it is sunny in paris")
    llm.assert_done()
