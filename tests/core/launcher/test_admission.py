"""What a launcher refuses, what goes wrong in starting, and what the user's functions are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.launcher.counted_agents import Agents
from tests.core.launcher.ledger import joined, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import (
    ConfigurationError,
)
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import SessionStatus

pytestmark = pytest.mark.virtual_time


async def test_an_entry_point_that_is_not_async_is_refused() -> None:
    def enter(agent: Agent, call_type: str, call_id: str) -> Any:
        return None

    async with AgentLauncher(Agents(), enter) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(ConfigurationError, match="join_call must be an async function"):
            await session.wait()


@pytest.mark.parametrize(
    ("makes", "error", "text"),
    [
        (lambda: None, ConfigurationError, "must return an Agent, not NoneType"),
        (lambda: 1 / 0, ZeroDivisionError, "division"),
    ],
)
async def test_a_factory_that_fails_frees_the_slot(
    makes: Callable[[], Any], error: type[Exception], text: str
) -> None:
    agents = Agents()
    makers: list[Callable[[], Any]] = [agents, makes, agents]

    def create_agent() -> Agent:
        return makers.pop(0)()

    async with AgentLauncher(create_agent, stay, max_concurrent_sessions=1) as launcher:
        with pytest.raises(error, match=text):
            await launcher.start_session("lunch")

        await launcher.start_session("lunch")


async def test_a_factory_that_returns_the_same_agent_twice_is_refused() -> None:
    agents = Agents()
    warm, only = agents(), agents()
    makers = [warm, only, only]
    async with AgentLauncher(lambda: makers.pop(0), stay) as launcher:
        session = await launcher.start_session("lunch")
        await joined(session)
        with pytest.raises(ConfigurationError, match="same Agent twice"):
            await launcher.start_session("dinner")

        assert session.status is SessionStatus.ACTIVE


async def test_a_timeout_of_the_factory_itself_is_not_the_launchers() -> None:
    agents = Agents()

    def create_agent() -> Agent:
        if agents.voices:
            raise TimeoutError("the vault did not answer")
        return agents()

    async with AgentLauncher(create_agent, stay) as launcher:
        with pytest.raises(TimeoutError, match="vault"):
            await launcher.start_session("lunch")


async def test_extra_keywords_go_to_who_takes_them() -> None:
    got: list[object] = []
    agents = Agents()

    async def create_agent(**kwargs: object) -> Agent:
        got.append(kwargs)
        return agents()

    async def enter(agent: Agent, call_type: str, call_id: str, *, table: int = 0) -> None:
        got.append(table)

    async with AgentLauncher(create_agent, enter) as launcher:
        await launcher.start_session("lunch", table=4, guest="ann")

    assert got == [{}, {"table": 4, "guest": "ann"}, 4]


async def test_a_keyword_that_nobody_takes_is_refused() -> None:
    async with AgentLauncher(Agents(), stay) as launcher:
        with pytest.raises(ConfigurationError, match="Neither create_agent nor join_call takes table"):
            await launcher.start_session("lunch", table=4)


async def test_configure_comes_before_the_entry_point_and_may_refuse() -> None:
    order: list[str] = []

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        order.append("entered")

    async def configure(agent: Agent) -> None:
        order.append("configured")

    async def refuse(agent: Agent) -> None:
        raise ConfigurationError("not this one")

    agents = Agents()
    async with AgentLauncher(agents, enter) as launcher:
        await launcher.start_session("lunch", configure=configure)
        with pytest.raises(ConfigurationError, match="not this one"):
            await launcher.start_session("dinner", configure=refuse)

    assert order == ["configured", "entered"]
    assert agents.closes == [1, 1, 1]


async def test_launch_makes_a_warm_agent_that_is_yours() -> None:
    agents = Agents()
    launcher = AgentLauncher(agents, stay)

    agent = await launcher.launch()

    assert agents.voices[0].calls == ["warmup"]
    await agent.close()
    with pytest.raises(ConfigurationError, match="create_agent takes no table"):
        await launcher.launch(table=4)
