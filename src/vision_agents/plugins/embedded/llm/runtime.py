"""The seam to xllamacpp: loads a GGUF file and writes answers with it, blocking, one at a time."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from vision_agents.core.errors import ConfigurationError, ProviderError, WeightsError
from vision_agents.plugins.embedded.llm.prompt import ChatMessage
from vision_agents.plugins.embedded.llm.settings import LLMSettings

logger = logging.getLogger("vision_agents.embedded.llm")

_MAGIC = b"GGUF"
# A running batch cannot be cancelled: this many tokens a thread are read in about 0.2 s on a slow core.
_BATCH_PER_THREAD = 16
_LARGEST_BATCH = 512
_WAIT_POLICY = "OMP_WAIT_POLICY"
# Conversations that wait for their turn are kept ready here: 12 KB a token with the default model.
_CACHE_MIB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One thing to write.

    Args:
        messages: the prompt; if the last one is the assistant's, the answer goes on from its end.
        grammar: GBNF; empty for free text.
        max_tokens: of the answer; 0 only reads the prompt into the cache.
        biases: what is added to the logits of the tokens of a text.
    """

    messages: Sequence[ChatMessage]
    max_tokens: int
    grammar: str = ""
    temperature: float = 0.0
    seed: int = 0
    biases: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class Written:
    """What it cost, in tokens and milliseconds."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    prompt_ms: float = 0.0
    output_ms: float = 0.0


class ContextFull(Exception):
    """The prompt does not fit into the context: the engine's signal to forget, never the user's error."""


OnText = Callable[[str], bool]
"""Told each piece of text, empty while the prompt is read; True stops the writing."""


class _Server(Protocol):
    def handle_chat_completions(
        self, request: dict[str, Any], callback: Callable[[Any], object]
    ) -> object: ...

    def handle_completions(self, request: dict[str, Any], callback: Callable[[Any], object]) -> object: ...


class LlamaRuntime:
    """A loaded model. Not for two threads at once."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    @classmethod
    def load(cls, path: Path, settings: LLMSettings) -> LlamaRuntime:
        """Load a GGUF file; blocks for about a second.

        Raises:
            ConfigurationError: no such file.
            WeightsError: the file is not a model that can be run.
        """
        check_gguf(path)
        with tempfile.TemporaryDirectory(prefix="va-") as folder:
            server = _start(path, settings, socket_path=Path(folder) / "llm.sock")
        logger.debug("Language model loaded", extra={"model": path.name, "threads": settings.threads})
        return cls(server)

    def write(self, writing: Writing, on_text: OnText) -> Written:
        """Write until the end or until `on_text` says stop; on return nothing runs any more.

        Raises:
            ContextFull: the prompt is too long.
            ProviderError: the runtime refused.
        """
        reader = _ChunkReader(on_text)
        self._server.handle_chat_completions(_request(writing), reader)
        if reader.stopped:
            # The runtime returns at once but finishes its batch: an empty request is answered after that.
            self._server.handle_completions({"prompt": "", "n_predict": 0}, lambda _: None)
        if reader.error is not None:
            raise reader.error
        return reader.written


def check_gguf(path: Path) -> None:
    """Refuse what is not a GGUF file before native code reads it.

    Raises:
        ConfigurationError: no such file.
        WeightsError: it is something else.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it cannot be read"
        raise ConfigurationError(
            f"The language model {path} cannot be used: {reason}; give the path of a GGUF file."
        ) from error
    if magic != _MAGIC:
        raise WeightsError(f"{path} is not a GGUF file: give a language model in llama.cpp's GGUF format.")


def _start(path: Path, settings: LLMSettings, *, socket_path: Path) -> _Server:
    xllamacpp = _vendor()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.verbosity = -1  # it would write to stderr
    parameters.n_ctx = settings.context_size
    # One sequence: with few cores, writing two at once takes as long as one after the other, and
    # sequences do not share what they have read.
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = min(_LARGEST_BATCH, _BATCH_PER_THREAD * settings.threads)
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    parameters.cache_ram_mib = _CACHE_MIB
    parameters.n_threads_http = 1
    parameters.hostnames = [str(socket_path)]
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} cannot be loaded: it is cut short or not a model that llama.cpp can run; fetch it again."
        ) from error
    _stop_listening(socket_path)
    return server


def _vendor() -> Any:
    """The vendor's module, whose threads sleep while they wait for one another.

    By default they spin: with two threads and other work on two cores that made every answer three to four
    times slower. The policy is read when the library is loaded, and only then.
    """
    chosen = os.environ.get(_WAIT_POLICY)
    os.environ[_WAIT_POLICY] = chosen or "passive"
    try:
        return importlib.import_module("xllamacpp")
    finally:
        if chosen is None:
            del os.environ[_WAIT_POLICY]


def _stop_listening(path: Path) -> None:
    """Shut the door that the runtime opens: it always listens, without a key, and nobody shall call there."""
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(entry.name)
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as listener:
                if listener.getsockname() == str(path):
                    listener.shutdown(socket.SHUT_RDWR)


def _request(writing: Writing) -> dict[str, Any]:
    request: dict[str, Any] = {
        "messages": [{"role": message.role, "content": message.content} for message in writing.messages],
        "max_tokens": writing.max_tokens,
        "temperature": writing.temperature,
        "seed": writing.seed,
        "stream": True,
        "return_progress": True,
        "cache_prompt": True,
        "logit_bias": [list(bias) for bias in writing.biases],
    }
    return request | ({"grammar": writing.grammar} if writing.grammar else {})


@dataclass
class _ChunkReader:
    """The callback: takes the runtime's chunks apart."""

    on_text: OnText
    written: Written = field(default_factory=Written)
    stopped: bool = False
    error: Exception | None = None

    def __call__(self, chunk: dict[str, Any]) -> bool:
        if "error" in chunk:
            self.error = _failure(chunk["error"])
            return True
        if "timings" in chunk:
            self._count(chunk["timings"])
        text = "".join(choice.get("delta", {}).get("content") or "" for choice in chunk.get("choices", ()))
        self.stopped = self.on_text(text)
        return self.stopped

    def _count(self, timings: dict[str, Any]) -> None:
        self.written = Written(
            prompt_tokens=timings["cache_n"] + timings["prompt_n"],
            cached_tokens=timings["cache_n"],
            output_tokens=timings["predicted_n"],
            prompt_ms=timings["prompt_ms"],
            output_ms=timings["predicted_ms"],
        )


def _failure(error: dict[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        return ContextFull(error.get("message"))
    return ProviderError(
        f"The language model refused the request: {error.get('message')}.", provider="embedded", stage="llm"
    )
