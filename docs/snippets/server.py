"""A server whose sessions need a token, with a key for everything else."""

import hmac
import os
from typing import Annotated

from fastapi import Header, HTTPException

from vision_agents.core import Agent, AgentLauncher, Runner, ServeOptions
from vision_agents.core.edge import loopback


async def create_agent() -> Agent:
    """Make an agent."""
    return Agent(edge=loopback.Edge())


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    """Be in the call until it ends."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


async def may_use(call_id: str, authorization: Annotated[str, Header()] = "") -> bool:
    """Admit who has the team's token to the team's calls."""
    if not authorization:
        raise HTTPException(401, "Authorization required")
    known = hmac.compare_digest(authorization, f"Bearer {os.environ['TEAM_TOKEN']}")
    return known and call_id.startswith("team-")


launcher = AgentLauncher(create_agent, join_call, max_concurrent_sessions=10, max_sessions_per_call=1)
runner = Runner(
    launcher,
    ServeOptions(
        can_start_session=may_use,
        can_view_session=may_use,
        can_view_metrics=may_use,
        can_close_session=may_use,
        can_list_sessions=may_use,
        cors_allow_origins=["https://myapp.com"],
    ),
)

if __name__ == "__main__":
    runner.cli()
