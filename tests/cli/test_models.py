"""``vision-agents models``: what it shows, what it fetches, how it fails."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vision_agents.cli.models import app
from vision_agents.core.errors import WeightsError
from vision_agents.plugins.embedded.weights import store
from vision_agents.plugins.embedded.weights.job import Observer, Progress
from vision_agents.plugins.embedded.weights.manifest import MODELS, SILERO

DATA = b"weights"


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One small model in place of Silero; gives the path of its file in an empty cache."""
    file = replace(SILERO.files[0], size=len(DATA), sha256=hashlib.sha256(DATA).hexdigest(), name="tiny.onnx")
    member = replace(SILERO.wheels[0].members[0], size=len(DATA))
    wheel = replace(SILERO.wheels[0], members=(member,))
    monkeypatch.setitem(MODELS, "silero-vad", replace(SILERO, files=(file,), wheels=(wheel,)))
    monkeypatch.setenv("VISION_AGENTS_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "models" / "silero-vad" / SILERO.version / "tiny.onnx"
    path.parent.mkdir(parents=True)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def row(name: str) -> str:
    return next(line for line in run("list").stdout.splitlines() if name in line)


def test_the_list_tells_licence_size_and_state(tiny: Path) -> None:
    assert "missing" in row("silero-vad")
    tiny.write_bytes(DATA)
    assert "cached" in row("silero-vad")
    tiny.write_bytes(b"x" * len(DATA))
    assert "corrupt" in row("silero-vad")
    assert all(part in row("qwen") for part in ("Apache-2.0", "Q4_K_M", "491.4 MB", "missing"))


def test_a_path_can_be_used_in_a_script(tiny: Path, tmp_path: Path) -> None:
    assert run("path").stdout == f"{tmp_path}\n"
    assert run("path", "silero-vad").stdout == f"{tiny}\n"
    assert len(run("path", "moonshine-tiny-en").stdout.splitlines()) == 3


def test_what_is_here_already_is_ready_without_a_network(tiny: Path) -> None:
    tiny.write_bytes(DATA)
    pulled = run("pull", "silero-vad")
    assert (pulled.exit_code, pulled.stdout) == (0, "silero-vad is ready.\n")


def fake_obtain(name: str, *, observe: Observer) -> dict[str, Path]:
    for done in (0, 10_000_000, 30_000_000, 40_000_000):
        observe(Progress(name, done, 40_000_000))
    return {}


def test_progress_is_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "obtain", fake_obtain)
    pulled = run("pull", "smart-turn")
    assert pulled.stdout == "smart-turn is ready.\n"
    assert pulled.stderr.splitlines() == [f"smart-turn: {done} of 40 MB" for done in (0, 10, 30, 40)]


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "obtain", fake_obtain)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    pulled = run("pull", "smart-turn")
    assert "━" in pulled.stderr
    assert "smart-turn" in pulled.stderr


def test_without_names_the_defaults_are_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "obtain", fake_obtain)
    monkeypatch.setenv("VISION_AGENTS_LLM", "smollm2")
    ready = [line.removesuffix(" is ready.") for line in run("pull").stdout.splitlines()]
    assert ready == ["silero-vad", "smart-turn", "moonshine-tiny-en", "smollm2"]


@pytest.mark.parametrize("command", ["pull", "path"])
def test_an_unknown_model_is_one_sentence(command: str) -> None:
    failed = run(command, "whisper")
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr.startswith("Error: There is no model 'whisper'; the models are silero-vad,")
    assert failed.stderr.count("\n") == 1


def test_a_failed_fetch_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *, observe: Observer) -> dict[str, Path]:
        raise WeightsError(f"The weights of {name} could not be fetched.")

    monkeypatch.setattr(store, "obtain", fail)
    failed = run("pull", "smart-turn")
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr == "Error: The weights of smart-turn could not be fetched.\n"
