"""The real model, loaded once for all tests."""

import pytest

from vision_agents.plugins.embedded.llm import LLMSettings
from vision_agents.plugins.embedded.llm.runtime import LlamaRuntime
from vision_agents.plugins.embedded.weights.manifest import QWEN
from vision_agents.plugins.embedded.weights.store import obtain


@pytest.fixture(scope="session")
def runtime() -> LlamaRuntime:
    """Qwen on one thread."""
    return LlamaRuntime.load(obtain(QWEN.name)["model"], LLMSettings(threads=1))
