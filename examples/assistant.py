"""A helpful voice assistant that knows the weather, on models that run on your own machine."""

from vision_agents.core import Agent, AgentLauncher, Runner, User
from vision_agents.edge import Edge
from vision_agents.plugins import embedded


async def create_agent(**kwargs) -> Agent:
    """Factory function that creates and configures an agent."""
    agent = Agent(
        edge=Edge(),
        agent_user=User(name="Assistant", id="agent"),
        instructions="You are a helpful voice assistant.",
        llm=embedded.LLM(),
        tts=embedded.TTS(),
        stt=embedded.STT(),
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
    )

    @agent.llm.register_function(description="Get the current weather for a location")
    async def get_weather(location: str) -> str:
        return f"The weather in {location} is sunny and 72°F."

    return agent


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs) -> None:
    """Called when the agent should join a call."""
    call = await agent.create_call(call_type, call_id)

    async with agent.join(call):
        await agent.simple_response("Hello! How can I help you today?")
        await agent.finish()


if __name__ == "__main__":
    runner = Runner(AgentLauncher(create_agent=create_agent, join_call=join_call))
    runner.cli()
