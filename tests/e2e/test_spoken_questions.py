"""Spoken questions, tools and spoken answers, through the real models and in real time."""

import re

import numpy as np
import pytest
from tests.e2e.spoken_call import RATE, Run, RunExample, Samples, recording, silence

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.plugins.embedded.engines.moonshine import Moonshine
from vision_agents.plugins.embedded.weights.store import obtain

QUESTIONS = {"Paris": "what is the weather in paris", "Tokyo": "what about the weather in tokyo"}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def wrong_words(heard: str, said: str) -> int:
    """Edit distance in words."""
    a, b = words(heard), words(said)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, previous = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


def heard_again(run: Run) -> list[str]:
    """The agent's voice in the recording, transcribed, stretch by stretch."""
    moonshine = Moonshine.load(obtain("moonshine-tiny-en"))
    voice = resample(PcmData(run.right, 48_000), 16_000).to_float32().samples.astype(np.float32)
    loud = np.abs(voice[: len(voice) // 1600 * 1600]).reshape(-1, 1600).max(axis=1) > 0.02
    ends = np.flatnonzero(np.diff(np.concatenate(([0], np.convolve(loud, np.ones(9), "same") > 0, [0]))))
    return [moonshine.transcribe([voice[a * 1600 : b * 1600]])[0].text for a, b in ends.reshape(-1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize("voice", ["hibari", "espeak", "flite"])
def test_two_questions_in_one_call(voice: str, run_example: RunExample) -> None:
    pause = silence(9)
    run = run_example([recording(f"paris_{voice}"), pause, recording(f"tokyo_{voice}"), silence(1)])

    transcripts = run.texts("agent.user_transcript")
    assert len(transcripts) == 2
    for heard, said in zip(transcripts, QUESTIONS.values(), strict=True):
        assert wrong_words(heard, said) <= 1, heard

    calls = [(call["tool_name"], call["arguments"]["location"]) for call in run.of("plugin.llm.tool.start")]
    assert calls == [("get_weather", "Paris"), ("get_weather", "Tokyo")]

    spoken = heard_again(run)
    for city in QUESTIONS:
        assert any(
            city.lower() in words(answer) and "sunny" in words(answer) and "72" in answer for answer in spoken
        ), spoken
    for line in ("caller: ", "tool: get_weather", "agent: "):
        assert line in run.output


@pytest.mark.slow
def test_silence_noise_and_music_are_no_turns(run_example: RunExample) -> None:
    run = run_example([silence(2), noise(4), music(6), silence(1)])
    assert run.texts("agent.user_transcript") == []
    assert len(run.of("agent.agent_turn_started")) == 1  # the greeting


def noise(seconds: float) -> Samples:
    sound = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE))
    return (sound * 32767).astype(np.int16)


def music(seconds: float) -> Samples:
    """A plucked melody."""
    time = np.arange(round(seconds * RATE)) / RATE
    steps = np.array([0, 4, 7, 12, 7, 4, 5, 9])
    pitch = 220 * 2 ** (steps[(time * 4).astype(int) % 8] / 12)
    phase = np.cumsum(pitch) / RATE
    tones = np.sum([np.sin(2 * np.pi * k * phase) / k for k in (1, 2, 3, 4)], axis=0)
    return (0.3 * np.exp(-3 * (time * 4 % 1)) * tones * 32767).astype(np.int16)
