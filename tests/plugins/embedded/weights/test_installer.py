"""Which installers are used, and what is said of their failures."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vision_agents.plugins.embedded.weights import installer
from vision_agents.plugins.embedded.weights.installer import Installer, installers, summary
from vision_agents.plugins.embedded.weights.job import FetchStopped

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import World


@pytest.mark.parametrize(
    ("uv", "pip", "names"),
    [(True, True, ["uv", "pip"]), (True, False, ["uv"]), (False, True, ["pip"]), (False, False, [])],
)
def test_uv_is_preferred_and_either_alone_will_do(
    monkeypatch: pytest.MonkeyPatch, *, uv: bool, pip: bool, names: list[str]
) -> None:
    def which(name: str, path: object = None) -> str | None:
        return f"/bin/{name}" if uv else None

    def find_spec(name: str) -> object:
        return object() if pip else None

    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert [found.name for found in installers()] == names


def test_the_uv_that_runs_this_process_is_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/srv/own/uv")
    assert installers()[0].command[0] == "/srv/own/uv"


def test_the_interpreter_of_the_agent_is_the_one_that_installs() -> None:
    for found in installers():
        assert sys.executable in found.argv(requirements=Path("r.txt"), target=Path("t"))


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "error: Failed to fetch\n  cause: error sending request for url (https://u:secret@host/x)",
            "reached",
        ),
        ("WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found", "reached"),
        ("ERROR: Could not find a version\nERROR: No matching distribution found for x==1", "does not have"),
        ("  cause: Because x was not found in the package registry", "does not have"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "other bytes"),
        (
            "Traceback (most recent call last):\n  File x\nKeyError: 'https://u:secret@host/x'\n",
            "KeyError: the index",
        ),
        ("", "no reason given"),
    ],
)
def test_what_an_installer_prints_becomes_one_reason_without_secrets(printed: str, reason: str) -> None:
    told = summary(printed)
    assert reason in told
    assert "secret" not in told
    assert "\n" not in told


def run(world: World, script: str, *, stop: threading.Event | None = None) -> str | None:
    job = world.job(world.model())
    if stop:
        job.stop = stop
    scratch = world.root / "scratch"
    scratch.mkdir(parents=True)
    return installer.run(job, ["/bin/sh", "-c", script], scratch)


def test_success_says_nothing(world: World) -> None:
    assert run(world, "echo hello") is None


def test_failure_gives_what_was_printed_on_either_stream(world: World) -> None:
    assert run(world, "echo one; echo two >&2; exit 3") == "one\ntwo\n"


def test_an_installer_keeps_its_caches_and_temporaries_in_the_scratch_folder(world: World) -> None:
    printed = run(world, 'echo "$TMPDIR $UV_CACHE_DIR"; exit 1')
    scratch = world.root / "scratch"
    assert printed == f"{scratch} {scratch / 'uv-cache'}\n"


def test_a_full_disk_is_the_disks_fault_and_not_the_networks(world: World) -> None:
    with pytest.raises(OSError, match="No space left"):
        run(world, "echo 'No space left on device (os error 28)'; exit 1")


def test_an_installer_that_cannot_be_run_is_told(world: World) -> None:
    job = world.job(world.model())
    world.root.mkdir()
    told = installer.run(job, [str(world.root / "absent")], world.root)
    assert told is not None
    assert "cannot be run" in told


def test_a_stopped_job_ends_its_installer(world: World) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(FetchStopped):
        run(world, "exec sleep 60", stop=stop)


def test_an_installer_that_gets_nothing_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "_STALL_S", 0.0)
    with pytest.raises(installer.SourceFailed, match="nothing arrived"):
        run(world, "exec sleep 60")


def test_a_command_line_asks_for_one_wheel_and_nothing_it_depends_on() -> None:
    made = Installer("x", ("x", "get"), "--into").argv(requirements=Path("r.txt"), target=Path("t"))
    assert made == ["x", "get", "--into", "t", "--requirement", "r.txt"]
    for found in installers():
        assert {"--no-deps", "--only-binary", "--require-hashes"} <= set(found.command)
