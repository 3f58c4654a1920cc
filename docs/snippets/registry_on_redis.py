"""A registry that all nodes share."""

from vision_agents.core import RedisSessionKVStore, SessionRegistry

registry = SessionRegistry(RedisSessionKVStore(url="redis://localhost:6379/0"))
