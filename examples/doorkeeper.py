"""A doorkeeper who watches a camera: says when something moves, and what there is to see when asked."""

from vision_agents.core import Agent, AgentLauncher, Runner, User
from vision_agents.edge import Edge
from vision_agents.plugins import embedded, motion


async def create_agent(**kwargs) -> Agent:
    camera = motion.MotionProcessor()
    agent = Agent(
        edge=Edge(),
        agent_user=User(id="agent", name="Doorkeeper"),
        instructions="You watch a camera at a door. Use the tool look to tell what you see, in one sentence.",
        llm=embedded.LLM(),
        stt=embedded.STT(),
        tts=embedded.TTS(),
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
        processors=[camera],
    )

    @agent.llm.register_function(description="Look through the camera: what do you see, does anything move")
    async def look() -> str:
        return camera.report()

    @agent.events.subscribe
    async def announce(event: motion.MotionChangedEvent) -> None:
        if event.moving and agent.session is not None:
            agent.session.say(camera.report(), policy="drop")  # never into what is being said

    return agent


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


if __name__ == "__main__":
    Runner(AgentLauncher(create_agent=create_agent, join_call=join_call)).cli()
