"""The front of the command line: what it loads, what it takes, how it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import InvalidCallId
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.runner.runner import Runner


async def join_call(agent: Agent, call_type: str, call_id: str) -> None: ...


def test_it_keeps_what_it_was_given() -> None:
    launcher, options = AgentLauncher(Agent, join_call), ServeOptions()

    assert Runner(launcher=launcher, serve_options=options).launcher is launcher
    assert Runner(launcher, options).serve_options is options


def test_making_a_runner_loads_nothing_heavy() -> None:
    code = (
        "import sys; from vision_agents.core import Agent, AgentLauncher, Runner\n"
        "Runner(AgentLauncher(Agent, lambda a, t, i: None))\n"
        "heavy = {'fastapi', 'typer', 'rich', 'pydantic', 'av', 'onnxruntime', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"


def test_run_raises_what_the_caller_can_catch() -> None:
    with pytest.raises(InvalidCallId):
        Runner(AgentLauncher(Agent, join_call)).run(call_id="No Such Id")


@pytest.mark.parametrize("debug", [True, False])
def test_debug_is_asyncios_debug_mode(debug: bool) -> None:
    seen: list[bool] = []

    def create_agent() -> Agent:
        seen.append(asyncio.get_running_loop().get_debug())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Runner(AgentLauncher(create_agent, join_call)).run(debug=debug)

    assert seen == [debug]
