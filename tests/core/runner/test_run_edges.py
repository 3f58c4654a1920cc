"""Which edge a run is on, and what becomes of its demo page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.console_run import ConsoleRun, RunOptions
from vision_agents.core.runner.screen import Screen
from vision_agents.core.types.people import User
from vision_agents.testing.scripted import ScriptedTTS
from vision_agents.testing.tone_speech import speak

pytestmark = pytest.mark.virtual_time


class Voice(ScriptedTTS):
    """Tells whether it was loaded."""

    warmups = 0

    async def warmup(self) -> None:
        Voice.warmups += 1


def new_agent(edge: EdgeTransport | None = None) -> Agent:
    return Agent(edge=edge, tts=Voice())


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.finish()


async def run(
    create_agent: Callable[[], Agent], join_call: Callable[..., Any] = stay, **options: Any
) -> None:
    Voice.warmups = 0
    launcher = AgentLauncher(create_agent, join_call)
    await ConsoleRun(launcher, RunOptions(**options), Screen()).run()


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "question.wav"
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(speak("is it sunny").samples)
    writer.close()
    return str(path)


class StreetEdge(EdgeTransport):
    """Carries calls by means of a loopback edge, but is none: people can reach it."""

    def __init__(self, *, demo_fails: bool = False, close_fails: bool = False) -> None:
        self.inside = Edge()
        self.demos: list[Call] = []
        self.closes = 0
        self._demo_fails = demo_fails
        self._close_fails = close_fails

    async def create_call(self, call_type: str, call_id: str) -> Call:
        return await self.inside.create_call(call_type, call_id)

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        return await self.inside.join(call, user, listener)

    async def open_demo(self, call: Call) -> None:
        self.demos.append(call)
        if self._demo_fails:
            raise OSError("no browser")

    async def close(self) -> None:
        self.closes += 1
        if self._close_fails:
            raise OSError("never started")
        await self.inside.close()


def chat(edge: StreetEdge) -> Callable[..., Any]:
    async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            await asyncio.sleep(5)
            edge.inside.join_as(User(id="ann")).end_call()
            await agent.finish()

    return join_call


@pytest.mark.parametrize("no_demo", [True, False])
@pytest.mark.parametrize("demo_fails", [True, False])
async def test_the_demo_of_the_edge_is_opened_unless_it_is_not_wanted(
    no_demo: bool, demo_fails: bool
) -> None:
    edge = StreetEdge(demo_fails=demo_fails)
    agents = [new_agent(edge=StreetEdge()), new_agent(edge=edge)]

    await run(lambda: agents.pop(0), chat(edge), no_demo=no_demo, call_id="lunch", call_type="standup")

    assert edge.demos == ([] if no_demo else [Call("lunch", "standup")])
    assert asyncio.get_running_loop().time() >= 5


async def test_a_recorded_edge_still_does_all_it_does(tmp_path: Path) -> None:
    edge = StreetEdge()
    agents = [new_agent(edge=StreetEdge()), new_agent(edge=edge)]

    await run(lambda: agents.pop(0), chat(edge), record=str(tmp_path / "call.wav"), call_id="lunch")

    assert (edge.demos, edge.closes) == ([Call("lunch", "default")], 1)
    assert read_audio(tmp_path / "call.wav").duration == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("close_fails", [False, True])
async def test_the_file_takes_the_place_of_the_agents_edge_which_is_closed(
    question: str, close_fails: bool
) -> None:
    edges = [StreetEdge(), StreetEdge(close_fails=close_fails)]
    agents = [new_agent(edge=edges[0]), new_agent(edge=edges[1])]

    await run(lambda: agents.pop(0), audio_track_override=question)

    assert [edge.closes for edge in edges] == [1, 1]
    assert edges[1].demos == []


async def test_an_agent_that_nobody_can_reach_is_refused_before_its_models_load() -> None:
    with pytest.raises(ConfigurationError, match="--audio-track-override FILE"):
        await run(lambda: new_agent(edge=Edge()))

    assert Voice.warmups == 0


async def test_it_is_refused_as_well_where_the_models_are_loaded_already() -> None:
    launcher = AgentLauncher(lambda: new_agent(edge=Edge()), stay)
    await launcher.warmup()

    with pytest.raises(ConfigurationError, match="--audio-track-override FILE"):
        await ConsoleRun(launcher, RunOptions(), Screen()).run()


async def test_an_agent_without_an_edge_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="pass edge="):
        await run(new_agent)
