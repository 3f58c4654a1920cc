"""Asking for models by name, from code and from several tasks at once."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from vision_agents.core.errors import ConfigurationError
from vision_agents.plugins.embedded.weights.job import Progress
from vision_agents.plugins.embedded.weights.manifest import MODELS, Model
from vision_agents.plugins.embedded.weights.store import default_models, ensure, find_model, obtain

if TYPE_CHECKING:
    from tests.plugins.embedded.weights.conftest import Hub, World


@pytest.fixture
def tiny(world: World, monkeypatch: pytest.MonkeyPatch) -> Model:
    model = world.model(hub=True)
    monkeypatch.setitem(MODELS, "tiny", model)
    monkeypatch.setenv("VISION_AGENTS_CACHE", str(world.root))
    return model


def test_an_unknown_model_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="silero-vad, smart-turn"):
        find_model("whisper")


def test_the_defaults_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISION_AGENTS_LLM", raising=False)
    speech = ["silero-vad", "smart-turn", "moonshine-tiny-en"]
    assert [model.name for model in default_models()] == [*speech, "qwen2.5-coder-0.5b"]
    monkeypatch.setenv("VISION_AGENTS_LLM", "smollm2")
    assert [model.name for model in default_models()] == [*speech, "smollm2"]


def test_a_model_is_obtained_by_name(tiny: Model, world: World) -> None:
    assert obtain("tiny")["model"].read_bytes() == world.data


async def test_two_tasks_at_once_share_one_fetch(tiny: Model, world: World, hub: Hub) -> None:
    one, two = await asyncio.gather(ensure("tiny", observe=world.seen.append), ensure("tiny"))
    assert one == two == {"model": world.root / "models" / "tiny" / "1" / "tiny.bin"}
    assert len(hub.ranges) == 1
    assert world.seen


async def test_a_cancelled_fetch_ends_and_the_next_goes_on_from_it(
    tiny: Model, world: World, hub: Hub
) -> None:
    release = threading.Event()
    hub.will(hold=release, hold_at=60_000)
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def observe(_: Progress) -> None:
        loop.call_soon_threadsafe(arrived.set)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ensure("tiny", observe=observe))
        await arrived.wait()
        task.cancel()
        loop.call_soon(release.set)
    assert task.cancelled()
    assert (await ensure("tiny"))["model"].read_bytes() == world.data
    assert len(hub.ranges) == 2
    assert hub.ranges[1] is not None
