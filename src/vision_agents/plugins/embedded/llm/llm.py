"""The embedded language model behind the port."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Hashable
from contextlib import aclosing
from pathlib import Path

from vision_agents.core.errors import ConfigurationError, ProviderError
from vision_agents.core.llm import llm as port
from vision_agents.core.llm.llm import LLMEvent, LLMRequest
from vision_agents.plugins.embedded.llm.answering import answer, fitting, forgetting, prompt_of
from vision_agents.plugins.embedded.llm.engine import Engine, shared_engine
from vision_agents.plugins.embedded.llm.prompt import ChatMessage, introduction_prompt
from vision_agents.plugins.embedded.llm.runtime import ContextFull, Writing, check_gguf
from vision_agents.plugins.embedded.llm.settings import LLMSettings
from vision_agents.plugins.embedded.weights.manifest import QWEN, SMOLLM2, Model
from vision_agents.plugins.embedded.weights.store import folder_of, obtain

_NAMES = {"qwen": QWEN, QWEN.name: QWEN, SMOLLM2.name: SMOLLM2}


class LLM(port.LLM):
    """A small language model on this machine's processor; tools through a grammar.

    All sessions of the process share one loaded model and wait for one another's answers.

    Args:
        model: ``"qwen"`` or ``"smollm2"``, fetched once, or the path of any GGUF file;
            ``VISION_AGENTS_LLM`` by default, else ``"qwen"``.
        settings: limits and taste.

    Raises:
        ConfigurationError: no such model.
        WeightsError: the file is not a GGUF file.
    """

    provider = "embedded"

    def __init__(self, model: str | Path | None = None, *, settings: LLMSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or LLMSettings()
        chosen = str(model or os.environ.get("VISION_AGENTS_LLM") or "qwen")
        self._weights = _NAMES.get(chosen)
        if self._weights is not None:
            self.model = self._weights.name
            self._path = folder_of(self._weights).files()["model"]
        else:
            self._path = Path(chosen).expanduser().absolute()
            self.model = self._path.stem
            _check(chosen, self._path)

    @property
    def warmup_key(self) -> Hashable:
        """The file and what makes an engine of its own; with tools, something is read ahead too."""
        engine = (self._path, self.settings.context_size, self.settings.threads)
        return type(self), engine, len(self.functions) > 0

    async def warmup(self) -> None:
        """Fetch the weights if they are missing, load them, and read what all prompts with tools begin with.

        Raises:
            WeightsError: in one sentence, what failed and what to do.
        """
        engine = await self._engine()
        if len(self.functions):
            await engine.read(_reading(introduction_prompt()))

    async def start(self) -> None:
        """Load the model where `warmup` has not."""
        await self._engine()

    async def prepare(self, request: LLMRequest) -> None:
        """Read instructions and tools ahead, so that the first answer need not."""
        engine = await self._engine()
        await engine.read(_reading(prompt_of(request, self.settings)))

    async def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Answer, after the requests of other sessions that came before; at most one call at a time.

        Raises:
            ProviderError: the model failed, or not even the last question fits into its context.
        """
        engine = await self._engine()
        left: LLMRequest | None = fitting(request, self.settings)
        while left is not None:
            try:
                events = answer(engine, left, self.settings)
                async with aclosing(events):
                    async for event in events:
                        yield event
            except ContextFull:
                left = forgetting(left)
            else:
                return
        raise ProviderError(
            "The instructions, the tools and the last question do not fit into the model's context of "
            f"{self.settings.context_size} tokens: shorten them or raise context_size.",
            provider=self.provider,
            stage="llm",
        )

    async def _engine(self) -> Engine:
        return await shared_engine(self._path, self.settings, obtain=self._obtain)

    def _obtain(self, stop: threading.Event) -> Path:
        return _fetched(self._weights, stop) if self._weights else self._path


def _fetched(weights: Model, stop: threading.Event) -> Path:
    return obtain(weights.name, stop=stop)["model"]


def _check(chosen: str, path: Path) -> None:
    """Tell a name that was misspelt from a file that is not there."""
    if path.suffix != ".gguf" and not path.exists():
        known = ", ".join(dict.fromkeys(_NAMES))
        raise ConfigurationError(
            f"There is no language model {chosen!r}: give one of {known}, or the path of a GGUF file."
        )
    check_gguf(path)


def _reading(messages: tuple[ChatMessage, ...]) -> Writing:
    return Writing(messages=messages, max_tokens=0)
