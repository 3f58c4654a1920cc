"""Nodes that share a store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from vision_agents.core.launcher.launcher import AgentLauncher, CreateAgent, JoinCall
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry

Nodes = Callable[..., AbstractAsyncContextManager[tuple[AgentLauncher, AgentLauncher]]]


@asynccontextmanager
async def _two_nodes(
    create_agent: CreateAgent, join_call: JoinCall, **settings: Any
) -> AsyncGenerator[tuple[AgentLauncher, AgentLauncher]]:
    store = InMemorySessionKVStore()
    one, two = (
        AgentLauncher(create_agent, join_call, registry=SessionRegistry(store, node_id=name), **settings)
        for name in ("one", "two")
    )
    async with one, two:
        yield one, two


@pytest.fixture
def two_nodes() -> Nodes:
    """Make two launchers with one store: `async with two_nodes(create_agent, join_call) as (one, two)`."""
    return _two_nodes
