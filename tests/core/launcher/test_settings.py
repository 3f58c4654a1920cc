"""Limits that make no sense are refused when the launcher is made."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher


async def join_call(agent: Agent, call_type: str, call_id: str) -> None: ...


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("max_concurrent_sessions", 0, "max_concurrent_sessions must be > 0 or None"),
        ("max_concurrent_sessions", -1, "max_concurrent_sessions must be > 0 or None"),
        ("max_sessions_per_call", 0, "max_sessions_per_call must be > 0 or None"),
        ("max_session_duration_seconds", 0, "max_session_duration_seconds must be > 0 or None"),
        ("max_session_duration_seconds", float("nan"), "max_session_duration_seconds must be > 0 or None"),
        ("agent_idle_timeout", -1, "agent_idle_timeout must be >= 0"),
        ("maintenance_interval", 0, "maintenance_interval must be > 0"),
        ("start_timeout", 0, "start_timeout must be > 0"),
        ("close_timeout", -2, "close_timeout must be > 0"),
    ],
)
def test_nonsense_is_refused(name: str, value: float, text: str) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"^{re.escape(text)}"):
        AgentLauncher(Agent, join_call, **settings)


def test_the_documented_limits_are_taken_outside_of_a_loop() -> None:
    launcher = AgentLauncher(
        create_agent=Agent,
        join_call=join_call,
        agent_idle_timeout=0,
        max_concurrent_sessions=10,
        max_sessions_per_call=1,
        max_session_duration_seconds=3600,
        maintenance_interval=0.5,
    )

    assert not launcher.running
