"""What a launcher refuses, what goes wrong in starting, and what the user's functions are given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import (
    ConfigurationError,
    LauncherNotRunning,
    MaxConcurrentSessionsExceeded,
    MaxSessionsPerCallExceeded,
    StartTimeout,
)
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.registry import SessionRegistry
from vision_agents.core.types.status import CloseReason, Reason, SessionStatus
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


class Voice(ScriptedTTS):
    """Remembers what was done to it."""

    def __init__(self, warmup: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.calls: list[str] = []
        self._warmup = warmup

    async def warmup(self) -> None:
        self.calls.append("warmup")
        if self._warmup is not None:
            await self._warmup()

    async def start(self) -> None:
        self.calls.append("start")

    async def close(self) -> None:
        self.calls.append("close")


class Agents:
    """A `create_agent` that remembers the voices of the agents it made."""

    def __init__(self, warmup: Callable[[], Awaitable[None]] | None = None) -> None:
        self.voices: list[Voice] = []
        self._warmup = warmup

    def __call__(self) -> Agent:
        self.voices.append(Voice(self._warmup))
        return Agent(edge=Edge(), tts=self.voices[-1])

    @property
    def closes(self) -> list[int]:
        return [voice.calls.count("close") for voice in self.voices]


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        await agent.finish()


async def wait_for_ever(agent: Agent, call_type: str, call_id: str) -> None:
    await asyncio.Event().wait()


async def joined(session: AgentSession) -> None:
    while session.status is SessionStatus.STARTING:  # noqa: ASYNC110 - virtual time makes looking free
        await asyncio.sleep(0.01)


async def test_concurrent_starts_never_pass_the_limit() -> None:
    agents = Agents()

    async def create_agent() -> Agent:
        await asyncio.sleep(1)
        return agents()

    async with AgentLauncher(create_agent, wait_for_ever, max_concurrent_sessions=3) as launcher:
        began = asyncio.get_running_loop().time()
        starts = [launcher.start_session(f"call-{n}") for n in range(10)]
        outcomes = await asyncio.gather(*starts, return_exceptions=True)

        assert sum(isinstance(outcome, AgentSession) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, MaxConcurrentSessionsExceeded) for outcome in outcomes) == 7
        assert asyncio.get_running_loop().time() - began == 1  # built side by side


async def test_a_session_that_closes_still_counts() -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)

    async with AgentLauncher(Agents(), enter, max_concurrent_sessions=1) as launcher:
        session = await launcher.start_session("lunch")
        await launcher.close_session(session.id)
        with pytest.raises(MaxConcurrentSessionsExceeded):
            await launcher.start_session("dinner")
        await session.wait()

        await launcher.start_session("dinner")


async def test_the_limit_of_a_call_holds_for_all_launchers_of_a_registry() -> None:
    registry = SessionRegistry()
    async with (
        AgentLauncher(Agents(), wait_for_ever, max_sessions_per_call=1, registry=registry) as one,
        AgentLauncher(Agents(), wait_for_ever, max_sessions_per_call=1, registry=registry) as two,
    ):
        session = await one.start_session("lunch")
        with pytest.raises(MaxSessionsPerCallExceeded):
            await two.start_session("lunch")
        await two.start_session("dinner")
        await one.close_session(session.id, wait=True)

        await two.start_session("lunch")


async def test_an_error_of_the_entry_point_is_told_once_and_raised_by_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        await asyncio.sleep(1)
        raise KeyError("menu")

    agents = Agents()
    async with AgentLauncher(agents, enter) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(KeyError, match="menu"):
            await session.wait()

        assert session.status is SessionStatus.FAILED
        assert session.close_reason == CloseReason(Reason.ERROR, "KeyError")
        assert launcher.get_session(session.id) is None
    assert agents.closes == [1, 1]
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [vars(record)["session_id"] for record in errors] == [session.id]


async def test_an_error_in_the_call_is_the_reason_too() -> None:
    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            raise KeyError("menu")

    async with AgentLauncher(Agents(), enter) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(KeyError):
            await session.wait()

    assert (session.status, session.close_reason) == (
        SessionStatus.FAILED,
        CloseReason(Reason.ERROR, "KeyError"),
    )


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


async def test_building_is_bounded() -> None:
    agents = Agents()
    slow = asyncio.Event()

    async def create_agent() -> Agent:
        if agents.voices:
            await slow.wait()
        return agents()

    async with AgentLauncher(create_agent, stay, start_timeout=5, max_concurrent_sessions=1) as launcher:
        began = asyncio.get_running_loop().time()
        with pytest.raises(StartTimeout, match=r"not built within 5 s"):
            await launcher.start_session("lunch")

        assert asyncio.get_running_loop().time() - began == 5
        slow.set()
        await launcher.start_session("lunch")


async def test_a_timeout_of_the_factory_itself_is_not_the_launchers() -> None:
    agents = Agents()

    def create_agent() -> Agent:
        if agents.voices:
            raise TimeoutError("the vault did not answer")
        return agents()

    async with AgentLauncher(create_agent, stay) as launcher:
        with pytest.raises(TimeoutError, match="vault"):
            await launcher.start_session("lunch")


async def test_joining_is_bounded_by_the_start_timeout() -> None:
    class NeverThere(Edge):
        async def start(self) -> None:
            await asyncio.Event().wait()

    async with AgentLauncher(
        lambda: Agent(edge=NeverThere(), tts=Voice()), stay, start_timeout=5
    ) as launcher:
        session = await launcher.start_session("lunch")
        with pytest.raises(Exception, match="not joined within 5 s"):
            await session.wait()

    assert session.status is SessionStatus.FAILED
    assert session.close_reason is not None
    assert session.close_reason.reason is Reason.JOIN_TIMEOUT


async def test_giving_up_a_start_gives_everything_back() -> None:
    agents = Agents()

    async def create_agent() -> Agent:
        await asyncio.sleep(2)
        return agents()

    async with AgentLauncher(create_agent, stay, max_concurrent_sessions=1) as launcher:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await launcher.start_session("lunch")

        await asyncio.sleep(0.1)
        session = await launcher.start_session("lunch")
        assert session.call_id == "lunch"

    assert agents.closes == [1, 1]


async def test_stopping_during_a_start_refuses_it() -> None:
    agents = Agents()

    async def create_agent() -> Agent:
        await asyncio.sleep(2)
        return agents()

    async with AgentLauncher(create_agent, stay) as launcher:
        start = asyncio.get_running_loop().create_task(launcher.start_session("lunch"))
        await asyncio.sleep(1)
    with pytest.raises(LauncherNotRunning):
        await start


async def test_a_factory_that_cannot_be_stopped_still_gets_its_agent_closed() -> None:
    agents = Agents()
    entered: list[str] = []

    async def create_agent() -> Agent:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(2)
        return agents()

    async def enter(agent: Agent, call_type: str, call_id: str) -> None:
        entered.append(call_id)

    async with AgentLauncher(create_agent, enter) as launcher:
        start = asyncio.get_running_loop().create_task(launcher.start_session("lunch"))
        await asyncio.sleep(1)
    with pytest.raises(LauncherNotRunning):
        await start

    assert entered == []
    assert agents.closes == [1, 1]


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
