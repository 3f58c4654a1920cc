"""A run in a terminal: the file calls, the agent answers, and everything is shown and written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import ConfigurationError, InvalidCallId, MediaError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.console_run import ConsoleRun, RunOptions
from vision_agents.core.runner.screen import Screen
from vision_agents.core.types.people import User
from vision_agents.testing.scripted import (
    Calls,
    Line,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)
from vision_agents.testing.tone_speech import read_speech, speak

pytestmark = pytest.mark.virtual_time

QUESTION = "what is the weather in paris"
GREETING = "Hello, how can I help you today?"
ANSWER = "The weather in Paris is sunny."
SCENE: tuple[Line | str, ...] = (
    Says(to="Greet", text=GREETING),
    Calls(to=QUESTION, tool="get_weather", arguments={"location": "Paris"}),
    Says(to="sunny", text=ANSWER),
)


class Voice(ScriptedTTS):
    """Tells whether it was loaded."""

    warmups = 0

    async def warmup(self) -> None:
        Voice.warmups += 1


def new_agent(*lines: Line | str, edge: EdgeTransport | None = None) -> Agent:
    agent = Agent(
        edge=edge,
        llm=ScriptedLLM(lines),
        stt=ScriptedSTT(),
        tts=Voice(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
    )

    @agent.llm.register_function(description="Get the current weather")
    async def get_weather(location: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return f"It is sunny\nin {location}."

    return agent


async def greet(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.simple_response("Greet the caller.")
        await agent.finish()


@pytest.fixture
def question(tmp_path: Path) -> str:
    return sound(tmp_path / "question.wav", QUESTION)


def sound(path: Path, text: str) -> str:
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(speak(text).samples)
    writer.close()
    return str(path)


async def run(
    create_agent: Callable[[], Agent], join_call: Callable[..., Any] = greet, **options: Any
) -> None:
    Voice.warmups = 0
    launcher = AgentLauncher(create_agent, join_call)
    await ConsoleRun(launcher, RunOptions(**options), Screen()).run()


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# The main job.


async def test_a_file_asks_and_the_whole_conversation_is_shown(
    question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(lambda: new_agent(*SCENE), audio_track_override=question)

    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == [
        f"agent: {GREETING}",
        f"caller: {QUESTION}",
        "tool: get_weather(location='Paris') -> It is sunny in Paris.",
        f"agent: {ANSWER}",
    ]
    assert lines[-1].startswith("Response delay: median ")
    assert lines[-1].endswith(" ms over 1 turn.")


async def test_the_recording_has_the_caller_left_and_the_agent_right(question: str, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    await run(lambda: new_agent(*SCENE), audio_track_override=question, record=str(path))

    caller, agent = channels(path)
    heard = read_speech(agent)
    assert read_speech(caller) == QUESTION
    assert heard.startswith("hello how can i help you today")
    assert heard.endswith("the weather in paris is sunny")


def channels(path: Path) -> tuple[PcmData, PcmData]:
    import wave

    import numpy as np

    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
        return PcmData(samples[:, 0], file.getframerate()), PcmData(samples[:, 1], file.getframerate())


async def test_the_event_log_tells_everything_in_order(question: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    await run(lambda: new_agent(*SCENE), audio_track_override=question, events=str(path), call_id="lunch")

    events = logged(path)
    times = [event["at_ms"] for event in events]
    assert times == sorted(times)
    assert len({event["session_id"] for event in events}) == 1
    types = [event["type"] for event in events]
    wanted = [
        "agent.joined_call",
        "plugin.edge.participant_joined",
        "agent.agent_turn_ended",
        "agent.user_turn_started",
        "agent.user_turn_ended",
        "agent.user_transcript",
        "plugin.llm.tool.start",
        "plugin.llm.tool.end",
        "agent.turn_marks",
        "agent.agent_turn_ended",
        "plugin.edge.call_ended",
        "agent.left_call",
        "agent.finish",
    ]
    assert [kind for kind in types if kind in set(wanted) - {"agent.agent_turn_ended"}] == [
        kind for kind in wanted if kind != "agent.agent_turn_ended"
    ]
    assert types[-1] == "agent.finish"
    assert "plugin.edge.audio_received" not in types
    one = {event["type"]: event for event in events}
    assert one["agent.user_transcript"]["text"] == QUESTION
    assert one["agent.user_transcript"]["participant"]["user_id"] == "caller"
    assert one["plugin.llm.tool.start"]["tool_name"] == "get_weather"
    assert one["plugin.llm.tool.start"]["arguments"] == {"location": "Paris"}
    assert one["agent.agent_turn_ended"]["interrupted"] is False
    assert one["agent.agent_turn_ended"]["spoken_text"] == ANSWER
    assert one["agent.joined_call"]["call"] == {"id": "lunch", "type": "default"}
    assert one["agent.finish"]["reason"] == "call_ended"


async def test_the_greeting_is_heard_before_the_file_plays(question: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    await run(lambda: new_agent(*SCENE), audio_track_override=question, events=str(path))

    at = {event["type"]: event["at_ms"] for event in reversed(logged(path))}
    assert at["agent.user_turn_started"] - at["agent.agent_turn_ended"] > 200


async def test_an_agent_that_says_nothing_is_not_waited_for(question: str, tmp_path: Path) -> None:
    async def listen(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call):
            await agent.finish()

    began = asyncio.get_running_loop().time()
    await run(lambda: new_agent(*SCENE[1:]), listen, audio_track_override=question)

    question_and_answer = speak(QUESTION).duration + speak(ANSWER).duration
    assert asyncio.get_running_loop().time() - began < question_and_answer + 3


async def test_silence_ends_the_run_too(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(PcmData.silence(2.0, 16_000).samples)
    writer.close()

    await run(lambda: new_agent(SCENE[0]), audio_track_override=str(path))

    assert 3 < asyncio.get_running_loop().time() < 10


# Edges.


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
    agents = [new_agent(edge=edges[0]), new_agent(*SCENE, edge=edges[1])]

    await run(lambda: agents.pop(0), audio_track_override=question)

    assert [edge.closes for edge in edges] == [1, 1]
    assert edges[1].demos == []


async def test_an_agent_that_nobody_can_reach_is_refused_before_its_models_load() -> None:
    with pytest.raises(ConfigurationError, match="--audio-track-override FILE"):
        await run(lambda: new_agent(edge=Edge()))

    assert Voice.warmups == 0


async def test_an_agent_without_an_edge_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="pass edge="):
        await run(new_agent)


# What goes wrong.


@pytest.mark.parametrize("option", ["audio_track_override", "video_track_override"])
@pytest.mark.parametrize(("name", "text"), [("gone.wav", "There is no file"), (".", "not a regular file")])
async def test_media_that_cannot_be_opened_is_told_before_an_agent_is_made(
    option: str, name: str, text: str, tmp_path: Path
) -> None:
    def create_agent() -> Agent:
        raise AssertionError("no agent is needed")

    with pytest.raises(MediaError, match=text):
        await run(create_agent, greet, **{option: str(tmp_path / name)})


@pytest.mark.parametrize(("option", "error"), [("record", MediaError), ("events", ConfigurationError)])
async def test_a_file_that_cannot_be_written_is_told_before_an_agent_is_made(
    option: str, error: type[Exception], question: str, tmp_path: Path
) -> None:
    def create_agent() -> Agent:
        raise AssertionError("no agent is needed")

    with pytest.raises(error, match=r"cannot be written|not a regular file"):
        await run(
            create_agent, greet, audio_track_override=question, **{option: str(tmp_path / "no" / "where")}
        )
    with pytest.raises(error, match=r"cannot be written|not a regular file"):
        await run(create_agent, greet, audio_track_override=question, **{option: str(tmp_path)})


async def test_bad_ids_are_refused() -> None:
    for bad in ("Lunch!", ""):
        with pytest.raises(InvalidCallId):
            await run(new_agent, call_id=bad)
    with pytest.raises(InvalidCallId):
        await run(new_agent, call_type="Stand Up")


async def test_a_video_that_nobody_looks_at_is_told(question: str, caplog: pytest.LogCaptureFixture) -> None:
    await run(lambda: new_agent(*SCENE), audio_track_override=question, video_track_override=question)

    assert "No part of this agent takes video" in caplog.text


async def test_a_session_that_fails_raises_its_error_and_leaves_whole_files(
    question: str, tmp_path: Path
) -> None:
    async def fail(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call):
            await asyncio.sleep(1)
            raise ZeroDivisionError

    path, recording = tmp_path / "events.jsonl", tmp_path / "call.wav"
    with pytest.raises(ZeroDivisionError):
        await run(
            lambda: new_agent(*SCENE),
            fail,
            audio_track_override=question,
            events=str(path),
            record=str(recording),
        )

    last = logged(path)[-1]
    assert (last["type"], last["reason"], last["detail"]) == ("agent.finish", "error", "ZeroDivisionError")
    assert read_audio(recording).duration > 0.5


async def test_a_cancelled_run_ends_the_session_and_leaves_whole_files(question: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    agent = new_agent(*SCENE)
    agents = [new_agent(), agent]
    options: dict[str, Any] = {"audio_track_override": question, "events": str(path)}

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await run(lambda: agents.pop(0), **options)

    assert agent.session is not None
    assert agent.session.finished
    assert logged(path)[-1]["type"] == "agent.finish"
    assert logged(path)[-1]["reason"] == "requested"
