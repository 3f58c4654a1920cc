"""An agent of scripted parts, run as a program by the tests of the console."""

from __future__ import annotations

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.runner import Runner
from vision_agents.testing.scripted import (
    Calls,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)

GREETING = "Hello, how can I help?"
ANSWER = "It is sunny in Paris. Take a hat."
COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"


def create_agent() -> Agent:
    script = (
        Says(to="Greet", text=GREETING),
        Calls(to="paris", tool="get_weather", arguments={"location": "Paris"}),
        Says(to="sunny", text=ANSWER),
        Says(to="count", text=COUNT),
        Says(to="bye", text="Goodbye."),
    )
    agent = Agent(
        edge=Edge(),
        llm=ScriptedLLM(script),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
    )

    @agent.llm.register_function(description="Get the current weather")
    async def get_weather(location: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return f"It is sunny in {location}."

    return agent


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.simple_response("Greet the caller.")
        await agent.finish()


if __name__ == "__main__":
    Runner(AgentLauncher(create_agent, join_call)).cli()
