"""A receptionist who looks orders up, and asks after callers who fall silent."""

from vision_agents.core import Agent, AgentLauncher, Runner, User
from vision_agents.core.edge import loopback
from vision_agents.plugins import embedded

ORDERS = {"4411": "on its way"}


async def create_agent(**kwargs) -> Agent:
    agent = Agent(
        edge=loopback.Edge(),
        agent_user=User(id="agent", name="Desk"),
        instructions="You are a short-spoken receptionist.",
        llm=embedded.LLM(),
        stt=embedded.STT(),
        tts=embedded.TTS(),
        vad=embedded.VAD(),
        turn_detection=embedded.TurnDetector(),
    )

    @agent.llm.register_function(description="Look up an order")
    async def order_status(number: str) -> str:
        await agent.session.say("One moment.")  # heard inside the turn, which goes on afterwards
        return ORDERS.get(number, "unknown")

    return agent


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call) as session:
        session.wake_up = 15
        session.on_wake_up = lambda: session.reply("Ask if the caller is still there.")
        session.max_wake_ups = 3
        await agent.simple_response("Greet the caller.")
        await agent.finish()


if __name__ == "__main__":
    Runner(AgentLauncher(create_agent=create_agent, join_call=join_call, max_concurrent_sessions=10)).cli()
