"""The factory watches what the user's function does to the event loop."""

from __future__ import annotations

import time

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.factory import AgentFactory


@pytest.mark.parametrize(("blocked", "told"), [(0.0, False), (0.26, True)])
async def test_a_function_that_blocks_the_loop_is_told_of(
    blocked: float, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def create_agent() -> Agent:
        end = time.perf_counter() + blocked
        while time.perf_counter() < end:
            pass
        return Agent()

    await AgentFactory(create_agent).make({})

    assert ("create_agent blocked the event loop" in caplog.text) is told


async def test_a_function_whose_signature_is_unknown_gets_every_keyword() -> None:
    class Builtin:
        __signature__ = "unknown"

        def __call__(self, **kwargs: object) -> Agent:
            return Agent(str(kwargs["persona"]))

    factory = AgentFactory(Builtin())

    assert factory.takes("anything")
    assert (await factory.make({"persona": "You cook."})).instructions == "You cook."
