"""Keys in whole calls (session.md 1.9): heard, asked for, kept secret, and sent."""

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest
from tests.core.agents.scene_parts import meanwhile, played_call
from tests.core.agents.session_parts import an_agent

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import ALL_CAPABILITIES, Edge
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Capability
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.plugin import AudioReceivedEvent
from vision_agents.core.events.telephone import DtmfReceivedEvent
from vision_agents.core.runner.recording import RecordedEdge
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.telephony.gathering import GatherOutcome
from vision_agents.core.types.people import User
from vision_agents.testing import ScriptedCall, SimulatedCaller

pytestmark = pytest.mark.virtual_time


def no_keys() -> Edge:
    """An edge on which keys are tones in the audio."""
    return Edge(capabilities=ALL_CAPABILITIES - {Capability.DTMF})


def digits(call: ScriptedCall) -> str:
    return "".join(event.digit for event in call.of(DtmfReceivedEvent))


def with_handler(handler: DTMFHandler):
    def prepare(agent: Agent) -> None:
        AgentSession(agent, dtmf_handler=handler)

    return prepare


@pytest.mark.parametrize("tones", [False, True])
async def test_dtmf_each_key_is_told_once_in_order(tones: bool) -> None:
    pressed: list[str] = []
    edge = no_keys() if tones else Edge()
    async with played_call(edge=edge, prepare=with_handler(DTMFHandler(pressed.append))) as call:
        await call.caller.presses("4711#", tones=tones)
        await asyncio.sleep(0.5)
        assert pressed == [*"4711#"]
        assert digits(call) == "4711#"


async def test_dtmf_a_key_is_a_sign_of_life() -> None:
    fired: list[float] = []
    async with played_call() as call:
        clock = asyncio.get_running_loop().time
        call.session.wake_up, call.session.on_wake_up = 10, lambda: fired.append(clock())
        await call.caller.waits(6)
        await call.caller.presses("1")
        pressed = clock()
        await call.caller.waits(12)
        assert len(fired) == 1
        assert fired[0] >= pressed + 9


async def test_dtmf_a_key_in_the_audio_of_an_edge_that_signals_keys_is_not_told_twice() -> None:
    pressed: list[str] = []
    async with played_call(prepare=with_handler(DTMFHandler(pressed.append))) as call:
        await call.caller.presses("5", tones=True)
        await asyncio.sleep(0.5)
        assert pressed == []


async def test_dtmf_an_async_callback_hears_the_keys_in_order_and_its_errors_stop_nobody() -> None:
    pressed: list[str] = []

    async def slow(digit: str) -> None:
        await asyncio.sleep(1.0 if digit == "1" else 0.1)
        pressed.append(digit)
        if digit == "1":
            raise ValueError("of the application")

    async with played_call(prepare=with_handler(DTMFHandler(slow))) as call:
        await call.caller.presses("12")
        await asyncio.sleep(2)
        assert pressed == ["1", "2"]
        assert len(call.of(ExceptionEvent)) == 1


async def test_dtmf_a_callback_can_be_changed_and_stopped() -> None:
    first: list[str] = []
    second: list[str] = []
    handler = DTMFHandler(first.append)
    async with played_call(prepare=with_handler(handler)) as call:
        await call.caller.presses("1")
        handler.set_callback(second.append)
        await call.caller.presses("2")
        handler.stop()
        await call.caller.presses("3")
    assert (first, second) == (["1"], ["2"])


async def test_dtmf_a_key_cuts_the_agent_where_that_is_asked_for() -> None:
    async with played_call(prepare=with_handler(DTMFHandler(barge_in=True))) as call:
        handle = call.session.say("one two three four five six seven eight nine ten")
        await call.caller.waits(0.6)
        await call.caller.presses("1")
        assert handle.interrupted


@pytest.mark.parametrize("tones", [False, True])
async def test_gather_digits_after_a_prompt(tones: bool) -> None:
    async with played_call(edge=no_keys() if tones else Edge()) as call:
        asking = meanwhile(call.session.gather_digits(4, prompt="your pin please"))
        await call.caller.hears("pin please")
        await call.caller.presses("4711", tones=tones)
        result = await asking
        assert (result.digits, result.ok) == ("4711", True)


async def test_gather_digits_a_key_cuts_the_prompt_and_counts() -> None:
    async with played_call() as call:
        asking = meanwhile(call.session.gather_digits(2, prompt="one two three four five six seven eight"))
        await call.caller.waits(0.5)
        await call.caller.presses("42")
        assert (await asking).digits == "42"
        await call.settles()
        assert "eight" not in call.caller.heard_text


async def test_gather_digits_gives_up_after_its_time() -> None:
    async with played_call() as call:
        began = asyncio.get_running_loop().time()
        assert (await call.session.gather_digits(timeout=5)).outcome is GatherOutcome.NO_INPUT
        assert asyncio.get_running_loop().time() - began == pytest.approx(5)
        asking = meanwhile(call.session.gather_digits(3, inter_digit_timeout=2))
        await asyncio.sleep(0)
        await call.caller.presses("1")
        assert (await asking).outcome is GatherOutcome.INCOMPLETE


async def test_gather_digits_ends_with_the_call() -> None:
    async with played_call() as call:
        asking = meanwhile(call.session.gather_digits(4))
        await call.caller.waits(0.1)
        await call.caller.hangs_up()
        assert (await asking).outcome is GatherOutcome.CANCELLED


async def test_gather_digits_one_who_asks_waits_for_the_other() -> None:
    async with played_call() as call:
        first = meanwhile(call.session.gather_digits(1))
        second = meanwhile(call.session.gather_digits(1))
        await asyncio.sleep(0.01)
        await call.caller.presses("12")
        assert (await first).digits + (await second).digits == "12"


async def test_secret_digits_reach_no_model_event_log_or_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    inner = no_keys()
    recorder = await Recorder.open(tmp_path / "call.wav")
    agent = an_agent(inner)
    agent.edge = RecordedEdge(inner, recorder)
    events: list[object] = []
    agent.events.on(DtmfReceivedEvent, events.append)
    audio: list[PcmData] = []
    agent.events.on(AudioReceivedEvent, lambda event: audio.append(event.pcm_data))  # pyright: ignore
    call = await agent.create_call("default", "secret")
    pressed: list[str] = []
    session = AgentSession(agent, dtmf_handler=DTMFHandler(pressed.append))
    async with SimulatedCaller(inner, call_id="secret") as caller, agent.join(call):
        asking = meanwhile(session.gather_digits(4, sensitive=True))
        await caller.waits(0.2)
        await caller.presses("4711#", tones=True)  # one key more than asked for
        result = await asking
        await caller.waits(2)
        await caller.presses("9", tones=True)
        await caller.waits(0.5)
    await recorder.close()
    assert result.digits == "4711"
    assert "4711" not in repr(result) + caplog.text + repr(events)
    assert pressed == ["9"]
    assert keys_in(PcmData(np.concatenate([pcm.samples for pcm in audio]), 48_000)) == "9"
    recorded = read_audio(tmp_path / "call.wav")
    assert keys_in(recorded) == "9"


def keys_in(pcm: PcmData) -> str:
    heard = DtmfDecoder().push(pcm.to_mono())
    return "".join(event.digit for event in heard if isinstance(event, DigitBegan))


async def test_send_dtmf_goes_to_the_own_leg_beside_the_audio() -> None:
    async with played_call() as call:
        began = asyncio.get_running_loop().time()
        await call.session.send_dtmf("12#", pause=0.3)
        assert call.caller.peer.pressed == ["1", "2", "#"]
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.6)


async def test_send_dtmf_sounds_the_keys_where_the_edge_has_none() -> None:
    async with played_call(edge=no_keys()) as call:
        await call.session.send_dtmf("159#")
        wave = np.concatenate([frame.pcm.samples for frame in call.caller.peer.heard])
        assert keys_in(PcmData(wave, 48_000)) == "159#"


async def test_send_dtmf_refuses_what_is_no_key() -> None:
    async with played_call() as call:
        with pytest.raises(ValueError, match="Digits must be"):
            await call.session.send_dtmf("12x")
        assert call.caller.peer.pressed == []


async def test_keys_of_another_party_do_not_reach_the_agent_of_another_call() -> None:
    async with played_call() as call:
        edge = call.agent.edge
        assert isinstance(edge, Edge)
        stranger = edge.join_as(User(id="stranger"), "elsewhere")
        stranger.press("7")
        assert digits(call) == ""
