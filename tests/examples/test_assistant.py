"""The first example: a spoken question is heard, a tool is called, and the answer is spoken."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.core.stt.stt import STTEvent
from vision_agents.plugins import embedded

EXAMPLES = Path(__file__).parents[2] / "examples"
QUESTIONS = ("what is the weather in paris", "what about the weather in tokyo")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("assistant", EXAMPLES / "assistant.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_agent_is_made_of_models_of_this_machine_and_knows_its_tool(example: ModuleType) -> None:
    agent = await example.create_agent()

    assert {type(part).__module__.split(".")[2] for part in agent.pipeline.components} == {"embedded"}
    tool = agent.functions.get("get_weather")
    assert await tool.function(location="Rome") == "The weather in Rome is sunny and 72°F."
    await agent.close()


@dataclass(frozen=True)
class Outcome:
    """What a run showed and wrote."""

    output: str
    events: list[dict[str, Any]]
    recording: Path

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The example with the recorded questions as the caller; missing weights are fetched."""
    folder = tmp_path_factory.mktemp("assistant")
    events, recording = folder / "events.jsonl", folder / "call.wav"
    run = subprocess.run(
        [
            *(sys.executable, str(EXAMPLES / "assistant.py"), "run", "--no-demo", "--log-level", "warning"),
            *("--audio-track-override", str(EXAMPLES / "audio" / "weather.flac")),
            *("--events", str(events), "--record", str(recording)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    lines = events.read_text(encoding="utf-8").splitlines()
    return Outcome(run.stdout, [json.loads(line) for line in lines], recording)


@pytest.mark.timeout(900)
def test_both_questions_are_understood_looked_up_and_answered(outcome: Outcome) -> None:
    heard = [plain(event["text"]) for event in outcome.of("agent.user_transcript")]
    assert len(heard) == len(QUESTIONS)
    for text, question in zip(heard, QUESTIONS, strict=True):
        assert sum(word not in text.split() for word in question.split()) <= 1
    calls = outcome.of("plugin.llm.tool.start")
    assert [call["tool_name"] for call in calls] == ["get_weather", "get_weather"]
    cities = [plain(call["arguments"]["location"]).split()[0] for call in calls]
    assert cities == ["paris", "tokyo"]
    answers = [event["spoken_text"] for event in outcome.of("agent.agent_turn_ended")][1:]
    assert len(answers) == len(QUESTIONS)
    assert all("sunny" in answer and "72" in answer for answer in answers)
    assert outcome.of("agent.finish")[0]["reason"] == "call_ended"


@pytest.mark.timeout(900)
def test_the_conversation_is_shown(outcome: Outcome) -> None:
    who = [line.split(":")[0] for line in outcome.output.splitlines()]
    assert who == ["agent", *["caller", "tool", "agent"] * 2, "Response delay"]
    assert "tool: get_weather(location='Paris" in outcome.output
    assert "is sunny and 72°F." in outcome.output


@pytest.mark.timeout(900)
async def test_the_answers_can_be_heard_in_the_recording(outcome: Outcome) -> None:
    starts = [event["at_ms"] for event in outcome.of("agent.agent_turn_started")]
    ends = [event["at_ms"] for event in outcome.of("agent.agent_turn_ended")]
    agent = right_channel(outcome.recording)
    spoken = np.flatnonzero(np.abs(agent.samples) > 200)
    offset = starts[0] - spoken[0] / agent.sample_rate * 1000

    for city, start, end in zip(("paris", "tokyo"), starts[1:], ends[1:], strict=True):
        first, last = (round((at - offset) / 1000 * agent.sample_rate) for at in (start, end))
        words = await transcribe(PcmData(agent.samples[first:last], agent.sample_rate))
        assert {city, "sunny", "72"} <= set(words.replace("seventy two", "72").split())


def right_channel(path: Path) -> PcmData:
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
        return PcmData(np.ascontiguousarray(samples[:, 1]), file.getframerate())


async def transcribe(pcm: PcmData) -> str:
    stt = embedded.STT()
    await stt.start()

    def ignore(_: STTEvent) -> None: ...

    stream = stt.open(ignore)
    stream.speech_started()
    stream.push(resample(pcm, 16_000))
    transcript = await stream.flush()
    await stream.close()
    await stt.close()
    return plain(transcript.text)


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower()).split())
