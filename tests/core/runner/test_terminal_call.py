"""``run --console``: what is refused, and whose edge the agent joins through."""

from __future__ import annotations

import sys

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.command_line import execute
from vision_agents.core.runner.runner import Runner
from vision_agents.testing.scripted import ScriptedTTS


class KeptEdge(Edge):
    """Tells that it was closed."""

    closes = 0

    async def close(self) -> None:
        KeptEdge.closes += 1
        await super().close()


edges: list[str] = []


async def join_call(agent: Agent, call_type: str, call_id: str) -> None:
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call) as session:
        edges.append(agent.edge.provider)
        await session.say("Goodbye.")


def run(*arguments: str) -> int:
    edges.clear()
    KeptEdge.closes = 0
    launcher = AgentLauncher(lambda: Agent(edge=KeptEdge(), tts=ScriptedTTS()), join_call)
    return execute(Runner(launcher), ["run", "--no-splash", *arguments])


def test_the_console_takes_the_place_of_the_agents_edge(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--console", "--no-audio") == 0

    assert edges == ["console"]
    assert KeptEdge.closes > 0
    assert "agent: Goodbye." in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--no-audio",), "--no-audio, --input-device and --output-device need --console."),
        (("--input-device", "usb"), "--no-audio, --input-device and --output-device need --console."),
        (("--console", "--no-audio", "--input-device", "usb"), "Text mode uses no device: "),
        (("--console", "--audio-track-override", "x.wav"), "A call has one caller: "),
        ((), "pass --console or --audio-track-override FILE"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2

    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert told in error
    assert edges == []


def test_without_the_extra_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [*sys.modules]:
        if name.startswith(("vision_agents.plugins.console", "sounddevice")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert run("--console", "--no-audio") == 2

    assert "pip install 'open-vision-agents[console]'" in capsys.readouterr().err
