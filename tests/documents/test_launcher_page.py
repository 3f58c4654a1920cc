"""The examples of the launcher's page."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from tests.documents.parts import Realtime, join_call

from vision_agents.core import Agent, AgentLauncher, AgentSession, User
from vision_agents.core.edge.loopback import Edge

pytestmark = pytest.mark.virtual_time


def create_agent() -> Agent:
    return Agent(
        edge=Edge(),
        agent_user=User(id="agent", name="AI Assistant"),
        llm=Realtime(),
        instructions="You are a helpful assistant.",
    )


async def test_the_overview() -> None:
    async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call):
            await agent.finish()

    launcher = AgentLauncher(
        create_agent=create_agent,
        join_call=join_call,
        agent_idle_timeout=60.0,
        max_concurrent_sessions=10,
    )

    async with launcher:
        session = await launcher.start_session("my-call-id")
        await session.wait()  # nobody else comes: the idle timeout ends it

    assert session.finished
    assert str(session.close_reason and session.close_reason.reason) == "idle_timeout"


async def test_use_as_a_context_manager() -> None:
    async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
        """Leave at once."""

    launcher = AgentLauncher(create_agent, join_call)

    async with launcher:
        # Launcher is started automatically
        session = await launcher.start_session("call-123")
        await session.wait()
    # Launcher is stopped automatically

    assert not launcher.running


def parameters(function: Callable[..., Any]) -> dict[str, object]:
    """Names and defaults, in order."""
    found = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in found if p.name not in {"self", "kwargs"}}


def test_the_documented_parameters_come_first_and_have_their_defaults() -> None:
    required = inspect.Parameter.empty
    documented = {
        "create_agent": required,
        "join_call": required,
        "agent_idle_timeout": 60.0,
        "max_concurrent_sessions": None,
        "max_sessions_per_call": None,
        "max_session_duration_seconds": None,
        "maintenance_interval": 5.0,
        "registry": None,
    }
    assert list(parameters(AgentLauncher).items())[: len(documented)] == list(documented.items())
    start = {"call_id": required, "call_type": "default", "video_track_override_path": None}
    assert list(parameters(AgentLauncher.start_session).items())[:3] == list(start.items())
    assert parameters(AgentLauncher.close_session) == {"session_id": required, "wait": False}
    for name in ("request_close_session", "get_session_info"):
        assert list(parameters(getattr(AgentLauncher, name))) == ["call_id", "session_id"]


async def test_what_a_session_is() -> None:
    async with AgentLauncher(create_agent, join_call) as launcher:
        session: AgentSession = await launcher.start_session("call-123")

        assert isinstance(session.agent, Agent)
        assert session.id == session.agent.id
        assert session.call_id == "call-123"
        assert session.started_at is not None
        assert session.started_at.tzinfo is not None
        assert session.task is not None
        assert not session.finished
        assert (session.on_call_for(), session.idle_for()) == (0.0, 0.0)
        assert launcher.get_session(session.id) is session
        assert (launcher.warmed_up, launcher.running, launcher.ready) == (True, True, True)
        assert await launcher.close_session(session.id, wait=True)
        assert session.finished


async def test_launching_an_agent_alone() -> None:
    launcher = AgentLauncher(create_agent, join_call)
    agent = await launcher.launch()
    assert isinstance(agent, Agent)
    await agent.close()
