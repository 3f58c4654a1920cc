"""Ask for a model's files by name: fetched if need be, verified, ready to load."""

import os
import threading
from pathlib import Path

from vision_agents.core.errors import ConfigurationError
from vision_agents.plugins.embedded.shared import off_loop, turn
from vision_agents.plugins.embedded.weights.cache import ModelFolder, cache_root
from vision_agents.plugins.embedded.weights.fetch import fetch
from vision_agents.plugins.embedded.weights.job import FetchJob, Observer, Progress
from vision_agents.plugins.embedded.weights.manifest import (
    MODELS,
    MOONSHINE,
    QWEN,
    SILERO,
    SMART_TURN,
    Model,
)


def find_model(name: str) -> Model:
    """The manifest's entry of that name.

    Raises:
        ConfigurationError: no such model; the message lists the known ones.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise ConfigurationError(f"There is no model {name!r}; the models are {', '.join(MODELS)}.") from None


def default_models() -> list[Model]:
    """What an agent on the embedded defaults needs; ``VISION_AGENTS_LLM`` names the language model."""
    chosen = os.environ.get("VISION_AGENTS_LLM") or "qwen"
    speech = [SILERO, SMART_TURN, MOONSHINE]
    if Path(chosen).suffix == ".gguf":  # the user's own file
        return speech
    return [*speech, QWEN if chosen == "qwen" else find_model(chosen)]


def folder_of(model: Model) -> ModelFolder:
    """Where a model lies, or would lie, on this machine."""
    return ModelFolder(cache_root(), model)


def ignore(progress: Progress) -> None:
    """An observer that does not look."""


def obtain(name: str, *, observe: Observer = ignore, stop: threading.Event | None = None) -> dict[str, Path]:
    """Give the paths of a model's files by role (``"model"`` where there is only one); blocks.

    Every file is compared with its SHA-256, about 0.6 s a gigabyte, and fetched if it is missing or wrong.

    Args:
        name: as in the manifest, for example ``"silero-vad"``.
        observe: told on this thread how a fetch goes.
        stop: when set, a running fetch ends with FetchStopped; the next one goes on from there.

    Raises:
        ConfigurationError: no such model.
        WeightsError: in one sentence, what failed and what to do.
    """
    return fetch(FetchJob(folder_of(find_model(name)), observe, stop or threading.Event()))


async def ensure(name: str, *, observe: Observer = ignore) -> dict[str, Path]:
    """Like `obtain`, off the event loop; a second caller waits for the first one's fetch.

    Cancelling it stops the fetch, which keeps what it has for the next.
    """
    async with turn(f"weights {name}"):
        return await off_loop(lambda stop: obtain(name, observe=observe, stop=stop))
