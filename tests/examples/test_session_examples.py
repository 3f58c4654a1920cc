"""The two ways to write a session, under the launcher, with scripted parts in the place of the models."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackPhone
from vision_agents.core.history.messages import FunctionResult
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.types.people import User
from vision_agents.core.types.status import CloseReason, Reason
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
)
from vision_agents.testing.scripted import Line

pytestmark = pytest.mark.virtual_time

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str, *lines: Line) -> ModuleType:
    """Load an example; its models follow a script."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parts = SimpleNamespace(
        LLM=lambda: ScriptedLLM(lines),
        STT=ScriptedSTT,
        TTS=ScriptedTTS,
        VAD=ScriptedVAD,
        TurnDetector=ScriptedTurnDetector,
    )
    module.__dict__["embedded"] = parts
    return module


def edge_of(agent: Agent) -> Edge:
    assert isinstance(agent.edge, Edge)
    return agent.edge


async def test_the_receptionist_looks_an_order_up_and_asks_who_is_silent() -> None:
    desk = example(
        "receptionist",
        Says(text="Hello.", to="Greet"),
        Calls(tool="order_status", arguments={"number": "4411"}, to="order"),
        Says(text="It is on its way.", to="on its way"),
        Says(text="Are you there?", to="still there"),
    )
    async with AgentLauncher(create_agent=desk.create_agent, join_call=desk.join_call) as launcher:
        session = await launcher.start_session("desk-1")
        async with SimulatedCaller(edge_of(session.agent), call_id="desk-1") as caller:
            await caller.hears("hello")
            await caller.waits(1)
            await caller.says("where is order")
            await caller.hears("one moment it is on its way")
            await caller.hears("are you there")
            await caller.hangs_up()
        await session.wait()
        assert session.close_reason == CloseReason(Reason.CALL_ENDED, "hung up")


async def test_the_collector_waits_for_the_callee_and_hangs_up_after_the_last_word() -> None:
    acme = example(
        "collector",
        Calls(tool="end_call", to="i will pay"),
        Says(text="Thank you very much.", to="thank them"),
    )
    launcher = AgentLauncher(create_agent=acme.Collector, join_call=acme.join_call)
    async with launcher:
        session = await launcher.start_session("out-1")
        callee = _Callee(edge_of(session.agent))
        async with callee:
            await callee.waits(5)
            assert callee.heard == []
            callee.unmutes()
            await callee.waits(1)
            assert callee.heard == []
            await callee.says("hello", breathy=True)
            await callee.hears("about your invoice")
            await callee.waits(1)
            await callee.says("i will pay")
            await callee.hears("thank you very much goodbye")
            await session.wait()
            assert callee.peer.ended.is_set()
        assert session.close_reason == CloseReason(Reason.HANGUP, "agreed")
        assert [item.is_error for item in session.history if isinstance(item, FunctionResult)] == [False]


async def test_the_collector_hangs_up_on_a_machine_and_tells_keys(capsys: pytest.CaptureFixture[str]) -> None:
    acme = example("collector")
    async with AgentLauncher(create_agent=acme.Collector, join_call=acme.join_call) as launcher:
        session = await launcher.start_session("out-1")
        callee = _Callee(edge_of(session.agent))
        async with callee:
            callee.unmutes()
            await callee.presses("7")
            await callee.answers_as_voicemail("please leave a message after the tone")
            await session.wait()
            assert callee.peer.ended.is_set()
            assert callee.heard_text == "goodbye"
        assert session.close_reason == CloseReason(Reason.HANGUP, "voicemail")
    assert capsys.readouterr().out == "key 7\n"


async def test_the_collector_hands_the_call_to_a_colleague() -> None:
    acme = example("collector", Calls(tool="to_human", to="somebody else"))
    async with AgentLauncher(create_agent=acme.Collector, join_call=acme.join_call) as launcher:
        session = await launcher.start_session("out-1")
        edge_of(session.agent).add_phone(LoopbackPhone("tel:+15550100", rings=1.0))
        callee = _Callee(edge_of(session.agent))
        async with callee:
            callee.unmutes()
            await callee.says("hello", breathy=True)
            await callee.hears("about your invoice")
            await callee.says("i want somebody else")
            await session.wait()
            assert not callee.peer.ended.is_set()
        assert session.close_reason == CloseReason(Reason.TRANSFERRED)


class _Callee(SimulatedCaller):
    """A telephone that rings: in the call, and silent until it is answered."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(edge, call_id="out-1")
        self._user = User(id="callee", custom={"sipUser": True, "sipCallType": "outbound"})
        self.mutes()

    def unmutes(self) -> None:
        """Answer."""
        self._muted = False
        self.peer.send_audio(PcmData.silence(0.02, 48_000))


async def test_both_are_the_one_session_of_their_agent() -> None:
    acme = example("collector")
    agent = acme.Collector()
    session = AgentSession(agent, call_id="out-1")
    assert agent.session is session
    await session.close()
    await asyncio.sleep(0)
