"""The front door: the documented names, each loaded when it is first asked for.

The package's own code imports from the module that defines a name, never from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent
    from vision_agents.core.agents.dtmf import DTMFHandler
    from vision_agents.core.agents.job_context import JobContext, get_current_job_context
    from vision_agents.core.agents.pipeline import Pipeline
    from vision_agents.core.agents.room_options import RoomOptions
    from vision_agents.core.agents.session import AgentSession
    from vision_agents.core.agents.sounds import BackgroundAudioHandlerConfig
    from vision_agents.core.agents.voicemail import VoiceMailDetector
    from vision_agents.core.errors import (
        AgentBusy,
        BadOffer,
        CapabilityMissing,
        ConfigurationError,
        EdgeError,
        IdempotencyConflict,
        InvalidCallId,
        JoinTimeout,
        LauncherDraining,
        LauncherNotRunning,
        LaunchError,
        LegFailed,
        MaxConcurrentSessionsExceeded,
        MaxSessionsPerCallExceeded,
        MediaError,
        ProviderError,
        ProviderTimeout,
        RegistryRecovering,
        RegistryUnavailable,
        SessionClosed,
        SessionError,
        SessionLimitExceeded,
        SessionNotStarted,
        SignallingRefused,
        StartTimeout,
        ToolError,
        TransferError,
        UnknownPlugin,
        VisionAgentsError,
        WeightsError,
    )
    from vision_agents.core.functions.function_tool import function_tool
    from vision_agents.core.launcher.launcher import AgentLauncher
    from vision_agents.core.launcher.registry.kv_store import SessionKVStore
    from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
    from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
    from vision_agents.core.launcher.registry.registry import SessionRegistry
    from vision_agents.core.launcher.registry.session_info import SessionInfo
    from vision_agents.core.runner.options import ServeOptions
    from vision_agents.core.runner.runner import Runner
    from vision_agents.core.types.people import User

__all__ = [
    "Agent",
    "AgentBusy",
    "AgentLauncher",
    "AgentSession",
    "BackgroundAudioHandlerConfig",
    "BadOffer",
    "CapabilityMissing",
    "ConfigurationError",
    "DTMFHandler",
    "EdgeError",
    "IdempotencyConflict",
    "InMemorySessionKVStore",
    "InvalidCallId",
    "JobContext",
    "JoinTimeout",
    "LaunchError",
    "LauncherDraining",
    "LauncherNotRunning",
    "LegFailed",
    "MaxConcurrentSessionsExceeded",
    "MaxSessionsPerCallExceeded",
    "MediaError",
    "Pipeline",
    "ProviderError",
    "ProviderTimeout",
    "RedisSessionKVStore",
    "RegistryRecovering",
    "RegistryUnavailable",
    "RoomOptions",
    "Runner",
    "ServeOptions",
    "SessionClosed",
    "SessionError",
    "SessionInfo",
    "SessionKVStore",
    "SessionLimitExceeded",
    "SessionNotStarted",
    "SessionRegistry",
    "SignallingRefused",
    "StartTimeout",
    "ToolError",
    "TransferError",
    "UnknownPlugin",
    "User",
    "VisionAgentsError",
    "VoiceMailDetector",
    "WeightsError",
    "function_tool",
    "get_current_job_context",
]

_DEFINED_IN = {
    "Agent": "agents.agent",
    "AgentLauncher": "launcher.launcher",
    "AgentSession": "agents.session",
    "BackgroundAudioHandlerConfig": "agents.sounds",
    "DTMFHandler": "agents.dtmf",
    "InMemorySessionKVStore": "launcher.registry.memory_store",
    "JobContext": "agents.job_context",
    "Pipeline": "agents.pipeline",
    "RedisSessionKVStore": "launcher.registry.redis_store",
    "RoomOptions": "agents.room_options",
    "Runner": "runner.runner",
    "ServeOptions": "runner.options",
    "SessionInfo": "launcher.registry.session_info",
    "SessionKVStore": "launcher.registry.kv_store",
    "SessionRegistry": "launcher.registry.registry",
    "User": "types.people",
    "VoiceMailDetector": "agents.voicemail",
    "function_tool": "functions.function_tool",
    "get_current_job_context": "agents.job_context",
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
