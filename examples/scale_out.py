"""The assistant on several nodes: start this file as often as you like, with the same REDIS_URL."""

import os

from assistant import create_agent, join_call

from vision_agents.core import AgentLauncher, RedisSessionKVStore, Runner, SessionRegistry

store = RedisSessionKVStore(url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))

launcher = AgentLauncher(
    create_agent=create_agent,
    join_call=join_call,
    max_concurrent_sessions=10,  # on each node
    max_sessions_per_call=1,  # on all nodes together
    registry=SessionRegistry(store),
)

if __name__ == "__main__":
    Runner(launcher).cli()
