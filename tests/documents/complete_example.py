# pyright: basic
"""The complete example of the runner's page; transport and model are stand-ins."""

from tests.documents.parts import Realtime

from vision_agents.core import Agent, AgentLauncher, Runner, ServeOptions, User
from vision_agents.core.edge.loopback import Edge


def create_agent():
    return Agent(
        edge=Edge(),
        agent_user=User(id="agent", name="AI Assistant"),
        llm=Realtime(),
        instructions="You are a helpful assistant.",
    )


async def join_call(agent, call_type, call_id):
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


launcher = AgentLauncher(
    create_agent=create_agent,
    join_call=join_call,
    agent_idle_timeout=60.0,
    max_concurrent_sessions=10,
)

runner = Runner(
    launcher=launcher,
    serve_options=ServeOptions(
        cors_allow_origins={"*"},
    ),
)

if __name__ == "__main__":
    # Provides both 'run' and 'serve' commands
    runner.cli()
