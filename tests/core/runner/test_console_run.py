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
from vision_agents.core.errors import ConfigurationError, InvalidCallId, MediaError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.console_run import ConsoleRun, RunOptions
from vision_agents.core.runner.screen import Screen
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


def new_agent(*lines: Line | str) -> Agent:
    agent = Agent(
        llm=ScriptedLLM(lines),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
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


async def test_silence_ends_the_run_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "silence.wav"
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(PcmData.silence(2.0, 16_000).samples)
    writer.close()

    with caplog.at_level("INFO"):
        await run(lambda: new_agent(SCENE[0]), audio_track_override=str(path))

    assert 3 < asyncio.get_running_loop().time() < 10
    ended = next(record for record in caplog.records if record.message == "The session has ended")
    assert vars(ended)["reason"] == "call_ended"


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


async def test_a_file_that_breaks_in_the_middle_ends_the_call_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, events = sound(tmp_path / "long.wav", "it is me " * 40), tmp_path / "events.jsonl"
    lines = [Says(to="Greet", text="Hello."), *[Says(text="Yes?")] * 20]

    async def greet_and_break(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call):
            await (await agent.simple_response("Greet the caller."))
            monkeypatch.setattr("vision_agents.core.audio.file.AudioFileReader.__next__", broken)
            await agent.finish()

    def broken(_self: object) -> PcmData:
        raise MediaError("the disk was taken out")

    with pytest.raises(MediaError, match="the disk was taken out"):
        await run(lambda: new_agent(*lines), greet_and_break, audio_track_override=path, events=str(events))

    last = logged(events)[-1]
    assert (last["reason"], last["detail"]) == ("call_ended", "the file is damaged")


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
