"""The front door: the documented names, each loaded when it is first asked for.

The package's own code imports from the module that defines a name, never from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent
    from vision_agents.core.agents.session import AgentSession
    from vision_agents.core.errors import (
        AgentBusy,
        CapabilityMissing,
        ConfigurationError,
        EdgeError,
        InvalidCallId,
        JoinTimeout,
        LauncherNotRunning,
        LaunchError,
        MaxConcurrentSessionsExceeded,
        MaxSessionsPerCallExceeded,
        MediaError,
        ProviderError,
        ProviderTimeout,
        SessionClosed,
        SessionError,
        SessionLimitExceeded,
        SessionNotStarted,
        StartTimeout,
        ToolError,
        UnknownPlugin,
        VisionAgentsError,
        WeightsError,
    )
    from vision_agents.core.functions.function_tool import function_tool
    from vision_agents.core.launcher.launcher import AgentLauncher
    from vision_agents.core.launcher.registry import SessionRegistry
    from vision_agents.core.runner.options import ServeOptions
    from vision_agents.core.runner.runner import Runner
    from vision_agents.core.types.people import User

__all__ = [
    "Agent",
    "AgentBusy",
    "AgentLauncher",
    "AgentSession",
    "CapabilityMissing",
    "ConfigurationError",
    "EdgeError",
    "InvalidCallId",
    "JoinTimeout",
    "LaunchError",
    "LauncherNotRunning",
    "MaxConcurrentSessionsExceeded",
    "MaxSessionsPerCallExceeded",
    "MediaError",
    "ProviderError",
    "ProviderTimeout",
    "Runner",
    "ServeOptions",
    "SessionClosed",
    "SessionError",
    "SessionLimitExceeded",
    "SessionNotStarted",
    "SessionRegistry",
    "StartTimeout",
    "ToolError",
    "UnknownPlugin",
    "User",
    "VisionAgentsError",
    "WeightsError",
    "function_tool",
]

_DEFINED_IN = {
    "Agent": "agents.agent",
    "AgentLauncher": "launcher.launcher",
    "AgentSession": "agents.session",
    "Runner": "runner.runner",
    "ServeOptions": "runner.options",
    "SessionRegistry": "launcher.registry",
    "User": "types.people",
    "function_tool": "functions.function_tool",
}


def __getattr__(name: str) -> object:
    """Load a documented name from the module that defines it; the errors are all in one module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_DEFINED_IN.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the documented names."""
    return sorted(__all__)
