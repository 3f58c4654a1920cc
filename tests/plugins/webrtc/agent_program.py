"""A program with a scripted agent in the browser."""

from __future__ import annotations

from tests.plugins.webrtc.parts import scripted_agent

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.runner import Runner


async def create_agent() -> Agent:
    return scripted_agent()


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.say("Hello there.")
        await agent.finish()


if __name__ == "__main__":
    Runner(AgentLauncher(create_agent, join_call)).cli()
