"""A session's failure is told once, with its session, and never in the words of a foreign error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from tests.core.launcher.ledger import Ledger, LedgerAgent, LedgerEdge, Stubborn, never, now, stay, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.status import CloseReason, Reason

pytestmark = pytest.mark.virtual_time

SECRET = "sk-0123456789"


class KeyRefused(Exception):
    """What a vendor's package raises."""


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Session id and error of every record of a failed session."""
    return [
        (vars(record)["session_id"], vars(record)["error"])
        for record in caplog.records
        if record.levelno >= logging.ERROR
    ]


def everything(caplog: pytest.LogCaptureFixture) -> str:
    return caplog.text + "".join(str(vars(record)) for record in caplog.records)


async def fail_before(agent: Agent, call_type: str, call_id: str) -> None:
    raise KeyRefused(f"{SECRET} is not valid")


async def fail_in_call(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        raise KeyRefused(f"{SECRET} is not valid") from ConnectionError(SECRET)


@pytest.mark.parametrize("enter", [fail_before, fail_in_call])
async def test_t12_a_failed_session_is_told_once_and_asyncio_has_nothing_to_add(
    enter: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for these sessions: the leak fixture fails on an exception that was never looked at."""
    caplog.set_level(logging.DEBUG)
    ledger = Ledger()
    async with AgentLauncher(lambda: LedgerAgent(ledger), enter) as launcher:  # pyright: ignore[reportArgumentType]
        sessions = [await launcher.start_session("lunch") for _ in range(3)]
        await until(lambda: not launcher.active_sessions)

        assert told(caplog) == [(session.id, "KeyRefused") for session in sessions]
        assert {session.close_reason for session in sessions} == {CloseReason(Reason.ERROR, "KeyRefused")}
        assert SECRET not in everything(caplog)


async def test_t12_a_failed_build_is_told_once_with_the_session_that_it_was_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            raise KeyRefused(SECRET)
        return LedgerAgent(ledger)

    async with AgentLauncher(create_agent, stay) as launcher:
        with pytest.raises(KeyRefused, match=SECRET):
            await launcher.start_session("lunch", session_id="one")
        gave_up = asyncio.get_running_loop().create_task(launcher.start_session("lunch", session_id="two"))
        await asyncio.sleep(0)
        gave_up.cancel()
        await asyncio.wait([gave_up])
        await until(lambda: not launcher.active_sessions)

    assert told(caplog)[0] == ("one", "KeyRefused")
    assert SECRET not in everything(caplog)
    [record] = [record for record in caplog.records if vars(record).get("session_id") == "one"]
    assert "test_failures.py" in vars(record)["where"]
    assert "create_agent" in vars(record)["where"]


async def test_t12_a_refused_start_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger()
    async with AgentLauncher(
        lambda: LedgerAgent(ledger), stay, max_sessions_per_call=1, max_concurrent_sessions=2
    ) as launcher:
        await launcher.start_session("lunch")
        results = await asyncio.gather(
            *(launcher.start_session("lunch") for _ in range(5)), return_exceptions=True
        )

        assert all(isinstance(result, Exception) for result in results)
    assert told(caplog) == []


async def test_t12_an_error_that_follows_a_timeout_is_not_told_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = Ledger()

    async def create_agent() -> Agent:
        if ledger.made:
            try:
                await never()
            except asyncio.CancelledError:
                raise KeyRefused(SECRET) from None
        return LedgerAgent(ledger)

    async with AgentLauncher(create_agent, stay, start_timeout=5) as launcher:
        with pytest.raises(Exception, match="not built within 5 s"):
            await launcher.start_session("lunch", session_id="one")

    assert told(caplog) == [("one", "StartTimeout")]


async def test_t12_a_step_that_fails_while_closing_is_told_with_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stubborn = Stubborn()
    ledger = Ledger()

    async def fail() -> None:
        await stubborn()
        raise KeyRefused(SECRET)

    async with AgentLauncher(
        lambda: LedgerAgent(ledger, edge=LedgerEdge(ledger, closing=fail)), stay, close_timeout=2
    ) as launcher:
        session = await launcher.start_session("lunch")
        await asyncio.sleep(1)
        await launcher.close_session(session.id, wait=True)
        stubborn.released.set()
        await until(lambda: not launcher.active_sessions)

    assert now() < 10
    assert SECRET not in everything(caplog)
