"""A recorded call is decided again, from nothing but its event log."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vision_agents.cli.app import app
from vision_agents.core.events.agent import TurnObservedEvent
from vision_agents.core.events.event import Event
from vision_agents.core.runner.event_log import as_json
from vision_agents.core.turns.endpointing import AdaptiveEndpointing
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import Says, ScriptedTurnDetector, run_virtual, scripted_call


def logged(turn_handling: TurnHandling) -> list[str]:
    """The event log of a call with a hesitation, a back-channel and an interruption."""
    lines: list[str] = []

    async def scene() -> None:
        detector = ScriptedTurnDetector(unfinished=["is"])
        answers = ("One two three four five six seven eight.", Says(text="Fine."))
        async with scripted_call(*answers, detector=detector, turn_handling=turn_handling) as s:
            s.agent.events.on(Event, lambda event: lines.append(as_json(event)))
            s.agent.events.on(TurnObservedEvent, lambda event: lines.append(as_json(event)))
            await s.caller.says("my number is")
            await s.caller.waits(0.6)
            await s.caller.says("five")
            await s.caller.hears("two")
            await s.caller.says("okay")
            await s.caller.waits(1)
            await s.caller.says("stop it please")
            await s.caller.hears("fine")
            await s.settles()

    run_virtual(scene())
    return lines


def replay(path: Path, lines: list[str]) -> tuple[int, str]:
    path.write_text("".join(lines))
    result = CliRunner().invoke(app, ["replay", str(path)])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "rules", [TurnHandling(speculate=False), TurnHandling(speculate=False, endpointing=AdaptiveEndpointing())]
)
def test_the_same_observations_give_the_same_decisions(rules: TurnHandling, tmp_path: Path) -> None:
    code, output = replay(tmp_path / "log", logged(rules))
    assert code == 0, output
    assert "0 observations were decided differently" in output
    assert "Turn 2" in output
    assert "first_audio_played" in output


def test_another_decision_is_shown(tmp_path: Path) -> None:
    lines = logged(TurnHandling(speculate=False))
    old, new = '"kind": "TurnEnded", "text": "', '"kind": "TurnEnded", "text": "not '
    changed = [line.replace(old, new) for line in lines]
    code, output = replay(tmp_path / "log", changed)
    assert code == 1
    assert "2 observations were decided differently" in output


def test_rules_of_the_application_are_named(tmp_path: Path) -> None:
    rules = TurnHandling(speculate=False, is_backchannel=lambda text: text == "okay")
    _, output = replay(tmp_path / "log", logged(rules))
    assert "its own rule for is_backchannel" in output


@pytest.mark.parametrize("content", ["hello", "[1]", json.dumps({"at_ms": 1})])
def test_what_is_no_event_log_is_told_in_one_sentence(content: str, tmp_path: Path) -> None:
    code, output = replay(tmp_path / "log", [content])
    assert code == 2
    assert "is no event" in output
    assert "Traceback" not in output


def test_a_missing_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "cannot be read" in result.output
