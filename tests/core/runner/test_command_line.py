"""The command line as its users meet it: options, exit codes, and one sentence for what cannot work."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import WeightsError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.runner import Runner
from vision_agents.testing.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS, ScriptedVAD
from vision_agents.testing.tone_speech import speak

PROGRAM = '''
"""An agent's program: greets, answers once."""

import sys

from vision_agents.core import Agent, AgentLauncher, Runner
from vision_agents.core.edge import loopback
from vision_agents.testing import ScriptedLLM, ScriptedSTT, ScriptedTTS, ScriptedVAD


def create_agent() -> Agent:
    return Agent(
        edge=loopback.Edge(),
        llm=ScriptedLLM(["Hello, who is there?", "Nice to meet you."]),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
    )


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.simple_response("Greet.")
        await agent.finish()


if __name__ == "__main__":
    Runner(AgentLauncher(create_agent, join_call)).cli()
'''


async def greet(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call):
        await agent.simple_response("Greet.")
        await agent.finish()


def new_agent() -> Agent:
    return Agent(
        edge=Edge(),
        llm=ScriptedLLM(["Hello.", "Fine."]),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
    )


def cli(*args: str, create_agent: Callable[[], Agent] = new_agent) -> int:
    with pytest.raises(SystemExit) as end:
        Runner(AgentLauncher(create_agent, greet)).cli(args)
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "question.wav"
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(speak("it is me").samples)
    writer.close()
    return str(path)


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "agent.py"
    path.write_text(PROGRAM)
    return str(path)


def test_a_program_runs_a_file_and_writes_what_was_asked_for(
    program: str, question: str, tmp_path: Path
) -> None:
    recording, events = tmp_path / "call.wav", tmp_path / "events.jsonl"
    run = subprocess.run(
        [
            *(sys.executable, program, "run", "--no-demo", "--call-id", "lunch", "--log-level", "warning"),
            *("--audio-track-override", question, "--record", str(recording), "--events", str(events)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[:3] == [
        "agent: Hello, who is there?",
        "caller: it is me",
        "agent: Nice to meet you.",
    ]
    assert recording.stat().st_size > 100_000
    types = [json.loads(line)["type"] for line in events.read_text().splitlines()]
    assert types[-1] == "agent.finish"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["run"], r"Nobody can join this agent.*--audio-track-override FILE.*"),
        (["run", "--call-id", "My Call"], r"Call id 'My Call' is not allowed: use .*"),
        (["run", "--call-type", "a/b"], r"Call type 'a/b' is not allowed: use .*"),
        (["run", "--audio-track-override", "{tmp}/gone.wav"], r"There is no file '.*gone.wav': check .*"),
        (["run", "--audio-track-override", "{tmp}"], r"'.*' is not a regular file: give .*"),
        (["run", "--audio-track-override", "{tmp}/text.wav"], r"'.*text.wav' cannot be read as media: .*"),
        (["run", "--video-track-override", "{tmp}/gone.mp4"], r"There is no file '.*gone.mp4': check .*"),
        (["run", "--audio-track-override", "{question}", "--events", "{tmp}/no/e"], r"The event log .*"),
        (["run", "--audio-track-override", "{question}", "--record", "{tmp}/no/r"], r"'.*' cannot be .*"),
        (["run", "--log-level", "LOUD"], r".*--log-level.*"),
        (["run", "--log-format", "xml"], r".*--log-format.*"),
        (["run", "--colour", "red"], r"No such option: --colour.*"),
        (["run", "--call-id"], r".*--call-id.* requires an argument.*"),
        (["walk"], r"No such command 'walk'\."),
    ],
)
def test_what_cannot_work_is_told_in_one_sentence(
    args: list[str], sentence: str, question: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.wav").write_text("This is no sound.")

    code = cli(*(arg.format(tmp=tmp_path, question=question) for arg in args))

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.count("\n") == 1
    assert re.fullmatch(rf"Error: {sentence}", captured.err.strip())


def test_debug_tells_where_it_went_wrong(
    question: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert cli("run", "--debug", "--call-id", "My Call") == 2

    assert "Traceback" in caplog.text
    assert capsys.readouterr().err.startswith("Error: Call id 'My Call'")


def test_models_that_cannot_be_had_are_told_in_one_sentence(
    question: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    class NoWeights(ScriptedTTS):
        async def warmup(self) -> None:
            raise WeightsError("No weights: run `vision-agents models pull`.")

    def create_agent() -> Agent:
        return Agent(edge=Edge(), tts=NoWeights())

    assert cli("run", "--audio-track-override", question, create_agent=create_agent) == 2
    assert capsys.readouterr().err == "Error: No weights: run `vision-agents models pull`.\n"
    assert caplog.text == ""


def test_an_error_in_the_users_code_is_logged_once_with_exit_code_1(
    question: str, caplog: pytest.LogCaptureFixture
) -> None:
    agents = [new_agent()]

    def create_agent() -> Agent:
        return agents.pop()

    assert cli("run", "--audio-track-override", question, create_agent=create_agent) == 1
    assert caplog.text.count("IndexError: pop from empty list") == 1


def test_an_error_in_the_entry_point_is_logged_once_with_exit_code_1(
    question: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(agent: Agent, call_type: str, call_id: str) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(SystemExit) as end:
        Runner(AgentLauncher(new_agent, fail)).cli(["run", "--audio-track-override", question])

    assert end.value.code == 1
    assert caplog.text.count("Traceback") == 1


@pytest.mark.parametrize("args", [[], ["--help"], ["run", "--help"]])
def test_help_shows_what_there_is(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(*args) == 0

    assert "run" in capsys.readouterr().out


@pytest.mark.parametrize("no_splash", [True, False])
def test_the_banner_is_for_terminals_and_may_be_left_out(
    no_splash: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # taken for a terminal
    cli("run", "--call-id", "My Call", *(["--no-splash"] if no_splash else []))

    assert ("Vision Agents" in capsys.readouterr().out) is not no_splash


OPTIONS = """
--call-type --call-id --debug --log-level --no-demo --video-track-override --no-splash
--audio-track-override --record --events --log-format
"""


def test_every_option_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("run", "--help") == 0

    shown = capsys.readouterr().out
    assert [option for option in OPTIONS.split() if option not in shown] == []


# Signals, on a real process.


def start(program: str, question: str, events: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, program, "run", "--audio-track-override", question, "--events", str(events)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for("participant_joined", events)
    return process


def wait_for(event: str, events: Path) -> None:
    deadline = time.monotonic() + 30
    while not (events.exists() and event in events.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_call_cleanly(
    number: signal.Signals, program: str, question: str, tmp_path: Path
) -> None:
    events = tmp_path / "events.jsonl"
    with start(program, question, events) as process:
        process.send_signal(number)
        _, stderr = process.communicate(timeout=15)

    assert (process.returncode, stderr) == (0, "")
    last = json.loads(events.read_text().splitlines()[-1])
    assert (last["type"], last["reason"]) == ("agent.finish", "requested")


def test_a_second_signal_ends_the_process_at_once(program: str, question: str, tmp_path: Path) -> None:
    stubborn = PROGRAM.replace("import sys", "import asyncio").replace(
        "        await agent.finish()",
        "        try:\n            await agent.finish()\n"
        "        finally:\n            await asyncio.sleep(30)",
    )
    Path(program).write_text(stubborn)
    events = tmp_path / "events.jsonl"
    with start(program, question, events) as process:
        process.send_signal(signal.SIGTERM)
        wait_for("agent.finish", events)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=3)

    assert process.returncode == -signal.SIGTERM
