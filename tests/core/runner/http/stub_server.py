"""A program that serves agents which do nothing but be there; its environment says how they misbehave.

LEDGER          a file in which each agent writes down when it comes and goes
JOIN            how `join_call` lives: `stay`, `stubborn` (ignores that it is cancelled), `thread`
CREATE          how `create_agent` works: `fast`, `slow`, or `fails`
PERMISSION      `raises`
REDIS           the URL of a registry that other nodes share
LAUNCHER        more arguments of the launcher, as JSON

GET /frozen tells how many objects no garbage collection looks at.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
from typing import Any

from vision_agents.core import (
    Agent,
    AgentLauncher,
    RedisSessionKVStore,
    Runner,
    ServeOptions,
    SessionRegistry,
)
from vision_agents.core.edge.loopback import Edge

LEDGER = os.environ.get("LEDGER", os.devnull)
made: list[Agent] = []


def note(event: str, agent: Agent) -> None:
    with open(LEDGER, "a") as ledger:  # noqa: PTH123 - a line of a test's program
        ledger.write(json.dumps({"event": event, "id": agent.id}) + "\n")


async def create_agent() -> Agent:
    how = os.environ.get("CREATE", "fast")
    if made and how == "slow":
        await asyncio.sleep(1.0)
    if made and how == "fails":
        raise RuntimeError(f"the provider said no to {os.environ['PLANTED_API_KEY']}")
    made.append(Agent(edge=Edge()))
    return made[-1]


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    note("join", agent)
    try:
        await live()
    finally:
        note("leave", agent)


async def live() -> None:
    how = os.environ.get("JOIN", "stay")
    if how == "thread":
        await asyncio.to_thread(time.sleep, 3600)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if how != "stubborn":
                raise


async def can_view_session(call_id: str, authorization: str = "") -> bool:
    if os.environ.get("PERMISSION") == "raises":
        raise RuntimeError(f"cannot understand {authorization} nor {os.environ['PLANTED_API_KEY']}")
    return True


if __name__ == "__main__":
    settings: dict[str, Any] = json.loads(os.environ.get("LAUNCHER", "{}"))
    if url := os.environ.get("REDIS"):
        settings["registry"] = SessionRegistry(RedisSessionKVStore(url=url))
    launcher = AgentLauncher(create_agent, join_call, **settings)
    runner = Runner(launcher, ServeOptions(can_view_session=can_view_session))
    runner.fast_api.add_api_route("/frozen", gc.get_freeze_count)
    runner.cli()
