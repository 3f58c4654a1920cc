"""One loaded model for all sessions of the process: a queue in front of the runtime, off the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from vision_agents.plugins.embedded.llm.runtime import LlamaRuntime, OnText, Writing, Written
from vision_agents.plugins.embedded.llm.settings import LLMSettings
from vision_agents.plugins.embedded.shared import Shared


class Runtime(Protocol):
    """What can write: `LlamaRuntime`, or a script in tests."""

    def write(self, writing: Writing, on_text: OnText) -> Written:
        """Write until the end or until `on_text` says stop; blocks."""
        ...


class Engine:
    """Writes what sessions ask for, first come, first served.

    A session has one request at a time, so that first come, first served is fair. One thread: the model's
    own threads use the cores.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._executor = ThreadPoolExecutor(1, "vision-agents-llm")

    async def write(self, writing: Writing) -> AsyncGenerator[str | Written, None]:
        """Give the pieces of text as they come, then what they cost.

        Closing the iterator withdraws a request that waits, or stops the writing and waits for its end.

        Raises:
            ContextFull: the prompt is too long.
            ProviderError: the runtime refused.
        """
        job = _Job(self._runtime, writing, asyncio.get_running_loop())
        ending = job.start(self._executor)
        try:
            while (piece := await job.pieces.get()) is not None:
                yield piece
            yield ending.result()
        finally:
            await job.end(ending)

    async def read(self, writing: Writing) -> Written:
        """Put a prompt into the cache, so that what begins like it starts at once."""
        written = Written()
        async with aclosing(self.write(writing)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Written):
                    written = piece
        return written

    def close(self) -> None:
        """Wait for what runs and end the thread. Blocks."""
        self._executor.shutdown(cancel_futures=True)


class _Job:
    """One writing on its way through the engine's thread."""

    def __init__(self, runtime: Runtime, writing: Writing, loop: asyncio.AbstractEventLoop) -> None:
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._runtime = runtime
        self._writing = writing
        self._loop = loop
        self._stop = threading.Event()
        # Whoever is first decides: the thread that begins it, or the session that no longer wants it.
        self._claim: Future[None] = Future()

    def start(self, executor: ThreadPoolExecutor) -> asyncio.Future[Written]:
        ending = self._loop.run_in_executor(executor, self._run)
        ending.add_done_callback(lambda _: self.pieces.put_nowait(None))
        return ending

    async def end(self, ending: asyncio.Future[Written]) -> None:
        """Make sure that nothing of it runs any more, whatever happens to the waiting task."""
        self._stop.set()
        if self._claim.cancel():
            ending.cancel()
            return
        cancelled = False
        while not ending.done():
            try:
                await asyncio.wait([ending])
            except asyncio.CancelledError:
                cancelled = True
        if not ending.cancelled():
            ending.exception()
        if cancelled:
            raise asyncio.CancelledError

    def _run(self) -> Written:
        if not self._claim.set_running_or_notify_cancel():
            return Written()
        return self._runtime.write(self._writing, self._on_text)

    def _on_text(self, text: str) -> bool:
        if text and not self._stop.is_set():
            self._post(text)
        return self._stop.is_set()

    def _post(self, text: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, text)
        except RuntimeError:  # the loop was closed under a session that did not end in order
            self._stop.set()


_engines: dict[tuple[Path, int, int], Shared[Engine]] = {}


async def shared_engine(
    path: Path, settings: LLMSettings, *, obtain: Callable[[threading.Event], Path]
) -> Engine:
    """The process's engine for a file; the first caller loads it, with the file that `obtain` gives.

    Settings that ask for another context or other threads get an engine of their own.

    Raises:
        ConfigurationError: no such file.
        WeightsError: the file cannot be fetched or run.
    """

    def make(stop: threading.Event) -> Engine:
        return Engine(LlamaRuntime.load(obtain(stop), settings))

    key = (path, settings.context_size, settings.threads)
    return await _engines.setdefault(key, Shared(f"llm {path}", make)).get()
