"""The command tells its version, its commands and its errors."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vision_agents.cli import app as cli
from vision_agents.core.errors import WeightsError


def vision_agents(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vision_agents.cli", *arguments], check=False, capture_output=True, text=True
    )


def test_tells_its_version() -> None:
    run = vision_agents("--version")

    assert (run.returncode, run.stdout) == (0, "0.1.0\n")


def test_tells_its_commands() -> None:
    run = vision_agents("--help")

    assert run.returncode == 0
    assert "models" in run.stdout


def test_an_unknown_command_is_a_wrong_use() -> None:
    run = vision_agents("modls")

    assert run.returncode == 2
    assert "No such command 'modls'" in run.stderr


def test_an_error_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise WeightsError("The disk is full: free 500 MB and start again.")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.run()

    assert caught.value.code == 2
    assert capsys.readouterr().err == "Error: The disk is full: free 500 MB and start again.\n"
