"""Settings refuse nonsense at birth."""

import os
from typing import Any

import pytest

from vision_agents.plugins.embedded.llm import LLMSettings


@pytest.mark.parametrize(
    ("nonsense", "complaint"),
    [
        ({"context_size": 100}, "context_size must be at least 1024"),
        ({"max_tokens": 0}, "max_tokens must be 1 to half of context_size, 2048, not 0"),
        ({"context_size": 1024, "max_tokens": 600}, "max_tokens must be 1 to half of context_size, 512"),
        ({"temperature": -0.1}, "temperature must be 0 to 2"),
        ({"seed": -1}, "seed must be 0 to"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_nonsense_is_refused_in_words(nonsense: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LLMSettings(**nonsense)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7), (None, 1)])
def test_one_core_is_left_free(monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert LLMSettings().threads == threads
