"""Stands in for `examples/assistant.py`: without models, it writes down when it comes and goes."""

from __future__ import annotations

import json
import os

from vision_agents.core import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.testing import ScriptedLLM


def create_agent(**kwargs: object) -> Agent:
    """Make an agent that has nothing to say."""
    return Agent(edge=Edge(), llm=ScriptedLLM())


async def join_call(agent: Agent, call_type: str, call_id: str, **kwargs: object) -> None:
    """Be in the call until it is over."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        note("join", agent)
        try:
            await agent.finish()
        finally:
            note("leave", agent)


def note(event: str, agent: Agent) -> None:
    """Add a line to the ledger."""
    with open(os.environ["LEDGER"], "a") as ledger:  # noqa: PTH123 - one line at once, by several processes
        ledger.write(json.dumps({"event": event, "id": agent.id}) + "\n")
