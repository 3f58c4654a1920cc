"""A front door: the documented names of the session registry, which lives beside the launcher."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.core.launcher.registry.kv_store import SessionKVStore
    from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
    from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
    from vision_agents.core.launcher.registry.registry import SessionRegistry
    from vision_agents.core.launcher.registry.session_info import SessionInfo

__all__ = [
    "InMemorySessionKVStore",
    "RedisSessionKVStore",
    "SessionInfo",
    "SessionKVStore",
    "SessionRegistry",
]

_DEFINED_IN = {
    "InMemorySessionKVStore": "memory_store",
    "RedisSessionKVStore": "redis_store",
    "SessionInfo": "session_info",
    "SessionKVStore": "kv_store",
    "SessionRegistry": "registry",
}


def __getattr__(name: str) -> object:
    """Load a documented name from the module that defines it."""
    if name not in _DEFINED_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"vision_agents.core.launcher.registry.{_DEFINED_IN[name]}"), name)
