"""A secret number that is keyed in, looked for in everything that leaves the session (session.md 1.9)."""

import asyncio
import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.core.agents.scene_parts import meanwhile

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import ALL_CAPABILITIES, Edge
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Capability
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import AudioReceivedEvent
from vision_agents.core.llm.realtime import RealtimeConnection, RealtimeSetup, RealtimeSink
from vision_agents.core.observability.prometheus import render
from vision_agents.core.observability.turn_counts import TurnCounts
from vision_agents.core.runner.event_log import EventLog
from vision_agents.core.runner.recording import RecordedEdge
from vision_agents.core.stt.stt import STTSink, STTStream
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.telephony.dtmf_tones import DtmfSound, dtmf_tones
from vision_agents.core.types.people import User
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
)

pytestmark = pytest.mark.virtual_time

SECRET, OPEN = "7391846", "25"
"""No digit of one is in the other."""


def keys_in(pieces: list[PcmData]) -> str:
    """Keys that can be heard in audio of one rate."""
    if not pieces:
        return ""
    wave = np.concatenate([piece.to_mono().to_int16().samples for piece in pieces])
    events = [*(decoder := DtmfDecoder()).push(PcmData(wave, pieces[0].sample_rate)), *decoder.skip(0.5)]
    return "".join(event.digit for event in events if isinstance(event, DigitBegan))


@dataclass
class Sinks:
    """Everything that leaves the session."""

    audio: list[PcmData] = field(default_factory=list[PcmData])
    """What events carry."""
    heard: list[PcmData] = field(default_factory=list[PcmData])
    """What a model hears."""
    events: list[Event] = field(default_factory=list[Event])
    texts: dict[str, str] = field(default_factory=dict[str, str])


class OverheardSTT(ScriptedSTT):
    """Keeps all that it is given."""

    def __init__(self, heard: list[PcmData]) -> None:
        super().__init__()
        self._heard = heard

    def open(self, sink: STTSink) -> STTStream:
        """Listen in."""
        return overhear(super().open(sink), self._heard)


class OverheardRealtime(ScriptedRealtime):
    """Keeps all that it is given."""

    def __init__(self, heard: list[PcmData]) -> None:
        super().__init__(Calls(tool="ask_for_pin", to="account"), Says(text="thank you", to="good"))
        self._heard = heard

    async def open(self, setup: RealtimeSetup, sink: RealtimeSink) -> RealtimeConnection:
        """Listen in."""
        return overhear(await super().open(setup, sink), self._heard)


class Listens(Protocol):
    """What takes audio."""

    def push(self, pcm: PcmData) -> None:
        """Take the next piece."""


ListensT = TypeVar("ListensT", bound=Listens)


def overhear(stream: ListensT, heard: list[PcmData]) -> ListensT:
    """Keep what is pushed."""
    push = stream.push

    def keep(pcm: PcmData) -> None:
        heard.append(pcm)
        push(pcm)

    stream.push = keep
    return stream


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    """Tracing as an application sets it up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


class Desk:
    """An agent whose tool asks for a secret number, on an edge that is recorded."""

    def __init__(self, edge: Edge, recorder: Recorder, sinks: Sinks, *, realtime: bool) -> None:
        self.given = ""
        cascade = {
            "stt": OverheardSTT(sinks.heard),
            "tts": ScriptedTTS(),
            "vad": ScriptedVAD(),
            "turn_detection": ScriptedTurnDetector(),
        }
        script = [Calls(tool="ask_for_pin", to="account"), Says(text="thank you", to="good")]
        self.llm = OverheardRealtime(sinks.heard) if realtime else ScriptedLLM(script)
        self.agent = Agent(
            "Be brief.",
            edge=RecordedEdge(edge, recorder),
            agent_user=User(id="agent"),
            llm=self.llm,
            tools=[self.ask_for_pin],
            **({} if realtime else cascade),  # pyright: ignore[reportArgumentType]
        )
        self.pressed: list[str] = []
        self.session = AgentSession(self.agent, dtmf_handler=DTMFHandler(self.pressed.append, barge_in=True))

    async def ask_for_pin(self) -> str:
        """Ask for the caller's number."""
        result = await self.session.gather_digits(len(SECRET), sensitive=True)
        self.given = result.digits
        logging.getLogger("vision_agents.application").info("Asked", extra={"result": result})
        return "good" if result.ok else "bad"


async def keys_in_number(caller: SimulatedCaller, digits: str, way: str) -> None:
    """Press keys: told beside the audio, as tones in it, or both at once, as telephones do."""
    if way == "beside":
        await caller.presses(digits)
    elif way == "tones":
        await caller.plays(dtmf_tones(digits, 48_000, DtmfSound(tone=0.12, gap=0.12)))
    else:
        for digit in digits:
            caller.peer.press(digit)
            await caller.plays(dtmf_tones(digit, 48_000, DtmfSound(tone=0.12, gap=0.12)))


@pytest.mark.parametrize("way", ["tones", "beside", "both"])
@pytest.mark.parametrize("realtime", [False, True], ids=["cascade", "realtime"])
async def test_a_secret_number_reaches_nothing_but_who_asked_for_it(
    way: str, realtime: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter
) -> None:
    caplog.set_level(logging.DEBUG)
    sinks = Sinks()
    edge = Edge(capabilities=ALL_CAPABILITIES - {Capability.DTMF} if way == "tones" else ALL_CAPABILITIES)
    recorder = await Recorder.open(tmp_path / "call.wav")
    desk = Desk(edge, recorder, sinks, realtime=realtime)
    desk.agent.events.on(Event, sinks.events.append)
    desk.agent.events.on(AudioReceivedEvent, lambda event: sinks.audio.append(event.pcm_data))
    counts = TurnCounts()
    desk.agent.metrics_collector.add_reader(counts)
    async with EventLog.open(tmp_path / "events.jsonl") as log:
        log.attach(desk.agent.events)
        call = await desk.agent.create_call("default", "secret")
        async with SimulatedCaller(edge, call_id="secret") as caller, desk.agent.join(call):
            await caller.says("my account please")
            await caller.waits(1)
            await keys_in_number(caller, SECRET, way)
            await caller.hears("thank you")
            await caller.waits(3)
            await keys_in_number(caller, OPEN, way)
            await caller.waits(1)
    await recorder.close()
    assert desk.given == SECRET

    sinks.texts = {
        "events": repr(sinks.events),
        "event log": (tmp_path / "events.jsonl").read_text(),
        "log": caplog.text + repr([record.__dict__ for record in caplog.records]),
        "history": repr(list(desk.session.history)),
        "metrics": repr(desk.session.metrics.to_dict()) + render(counts.families()),
        "spans": repr([span.to_json() for span in spans.get_finished_spans()]),
        "model": repr(desk.llm.log if isinstance(desk.llm, ScriptedRealtime) else desk.llm.requests),
        "handler": "".join(desk.pressed),
    }
    for name, text in sinks.texts.items():
        assert SECRET not in text, name
        assert ", ".join(f"'{digit}'" for digit in SECRET) not in text, name
    told = [getattr(event, "digit", "") for event in sinks.events]
    audible = OPEN if way in {"tones", "both"} else ""
    assert "".join(told) == OPEN == "".join(desk.pressed)
    assert keys_in(sinks.audio) == audible
    assert keys_in(sinks.heard) == audible
    assert keys_in([read_audio(tmp_path / "call.wav")]) == audible


@pytest.mark.parametrize("way", ["tones", "beside", "both"])
async def test_a_last_key_that_is_held_and_keys_that_follow_belong_to_the_secret(
    way: str, tmp_path: Path
) -> None:
    sinks = Sinks()
    edge = Edge(capabilities=ALL_CAPABILITIES - {Capability.DTMF} if way == "tones" else ALL_CAPABILITIES)
    recorder = await Recorder.open(tmp_path / "call.wav")
    desk = Desk(edge, recorder, sinks, realtime=False)
    desk.agent.events.on(AudioReceivedEvent, lambda event: sinks.audio.append(event.pcm_data))
    call = await desk.agent.create_call("default", "secret")
    async with SimulatedCaller(edge, call_id="secret") as caller, desk.agent.join(call):
        asking = meanwhile(desk.session.gather_digits(2, sensitive=True))
        await asyncio.sleep(0)
        await keys_in_number(caller, "3", way)
        if way != "tones":
            caller.peer.press("9")
        if way != "beside":
            await caller.plays(dtmf_tones("9", 48_000, DtmfSound(tone=4.0)))
        for digit in "8461":  # more than was asked for, and slowly
            await caller.waits(0.5)
            await keys_in_number(caller, digit, way)
        assert (await asking).digits == "39"
        await caller.waits(2)
        await keys_in_number(caller, OPEN, way)
        await caller.waits(0.5)
    await recorder.close()
    assert "".join(desk.pressed) == OPEN
    audible = "" if way == "beside" else OPEN
    assert keys_in(sinks.audio) == audible
    assert keys_in(sinks.heard) == audible
    assert keys_in([read_audio(tmp_path / "call.wav")]) == audible
