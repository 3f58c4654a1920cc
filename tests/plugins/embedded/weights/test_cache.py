"""Where weights lie, what state they are in, and who may write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vision_agents.plugins.embedded.weights.cache import ModelFolder, cache_root

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import World


@pytest.fixture
def folder(world: World) -> ModelFolder:
    return ModelFolder(world.root, world.model())


def put(folder: ModelFolder, data: bytes) -> None:
    path = folder.files()["model"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VISION_AGENTS_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("VISION_AGENTS_CACHE")
    assert cache_root() == Path.home() / ".cache" / "vision-agents"


def test_a_file_is_missing_then_cached_then_corrupt(folder: ModelFolder, world: World) -> None:
    assert folder.state() == "missing"
    put(folder, world.data)
    assert folder.state() == "cached"
    put(folder, world.data[:-1] + b"x")
    assert folder.state() == "corrupt"
    put(folder, world.data[:-1])
    assert folder.state() == "corrupt"


def test_only_one_may_fetch_and_a_second_gives_up_in_time(folder: ModelFolder) -> None:
    waited: list[int] = []
    with (
        folder.locked(timeout_s=0, keep_waiting=lambda: None),
        pytest.raises(TimeoutError),
        folder.locked(timeout_s=0, keep_waiting=lambda: waited.append(1)),
    ):
        pass
    assert waited
    with folder.locked(timeout_s=0, keep_waiting=lambda: waited.append(2)):
        assert waited == [1]


def test_sweeping_keeps_what_can_be_gone_on_from(folder: ModelFolder) -> None:
    part = folder.part(folder.model.files[0])
    (folder.work / "deep").mkdir(parents=True)
    part.write_bytes(b"half")
    folder.sweep()
    assert not folder.work.exists()
    assert part.read_bytes() == b"half"
