"""Which sessions there are on all nodes, and whose closing was asked for.

`SessionRegistry` is what the launcher uses; `port.RegistryStore` is what it needs of a store: in memory,
on Redis, or adapted from a key-value store of yours.
"""

from vision_agents.core.launcher.registry.port import (
    Close,
    Command,
    Done,
    InProgress,
    New,
    NodeInfo,
    OnceResult,
)
from vision_agents.core.launcher.registry.registry import Heartbeat, SessionRegistry
from vision_agents.core.launcher.registry.session_info import SessionInfo

__all__ = [
    "Close",
    "Command",
    "Done",
    "Heartbeat",
    "InProgress",
    "New",
    "NodeInfo",
    "OnceResult",
    "SessionInfo",
    "SessionRegistry",
]
