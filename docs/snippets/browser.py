"""Calls in the browser for people who are not on this machine's network."""

import os

from vision_agents.core import Agent, AgentLauncher, Runner
from vision_agents.edge import Edge
from vision_agents.plugins.webrtc.media.settings import IceServer


async def create_agent() -> Agent:
    """Make an agent whose callers may come through a relay."""
    relay = IceServer(
        os.environ.get("TURN_URL", "turn:turn.example.org:3478"),
        username=os.environ.get("TURN_USER", "agents"),
        credential=os.environ.get("TURN_SECRET", ""),
    )
    return Agent(edge=Edge(ice_servers=[relay], most_people=4))


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    """Be in the call until it ends."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


runner = Runner(AgentLauncher(create_agent, join_call))

if __name__ == "__main__":
    runner.cli()
