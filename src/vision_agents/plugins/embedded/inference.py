"""Where models run: a few threads for the whole process, never the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from vision_agents.core.errors import ProviderError

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")

# Two at least, so that a sentence to speak does not wait behind one to recognise.
_THREADS = max(2, min(4, (os.cpu_count() or 2) - 1))


class InferencePool:
    """Threads that start when they are needed and belong to the process, not to a session."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._guard = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Wait for what runs, then end the threads; the next `run` starts new ones. Blocks."""
        with self._guard:
            executor, self._executor = self._executor, None
        if executor:
            executor.shutdown()

    def run(self, work: Callable[[], OutputT], *, stage: str) -> asyncio.Future[OutputT]:
        """Run slow work in a thread.

        Raises:
            ProviderError: with the stage given, from whatever `work` raised.
        """
        with self._guard:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads, "vision-agents-inference")
            executor = self._executor
        return asyncio.get_running_loop().run_in_executor(executor, _checked, work, stage)


class Batcher(Generic[InputT, OutputT]):
    """Joins what sessions ask at the same time into one run of a model.

    Nobody waits for company: a free thread takes what is there, and a batch forms while all are busy.

    Args:
        work: the model, from a list of inputs to as many outputs.
        stage: for errors.
        largest: inputs of one run at most.
    """

    def __init__(
        self, work: Callable[[Sequence[InputT]], Sequence[OutputT]], *, stage: str, largest: int = 8
    ) -> None:
        self._work = work
        self._stage = stage
        self._largest = largest
        self._waiting: deque[tuple[InputT, Future[OutputT]]] = deque()

    def submit(self, item: InputT) -> asyncio.Future[OutputT]:
        """Run the model on one input, perhaps along with others. Cancelling it costs the others nothing."""
        answer: Future[OutputT] = Future()
        self._waiting.append((item, answer))
        pool.run(self._serve, stage=self._stage)
        return asyncio.wrap_future(answer)

    def _serve(self) -> None:
        """Answer the oldest inputs that wait; there are as many calls as inputs, so that none is left."""
        batch = self._claim()
        if not batch:
            return
        try:
            outputs = _checked(lambda: self._work([item for item, _ in batch]), self._stage)
        except ProviderError as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        for (_, answer), output in zip(batch, outputs, strict=True):
            answer.set_result(output)

    def _claim(self) -> list[tuple[InputT, Future[OutputT]]]:
        batch: list[tuple[InputT, Future[OutputT]]] = []
        while len(batch) < self._largest:
            try:
                item, answer = self._waiting.popleft()
            except IndexError:
                break
            if answer.set_running_or_notify_cancel():
                batch.append((item, answer))
        return batch


def _checked(work: Callable[[], OutputT], stage: str) -> OutputT:
    try:
        return work()
    except Exception as error:  # the runtimes have no error class of their own
        raise ProviderError(
            f"The embedded model failed: {error}.", provider="embedded", stage=stage, retryable=True
        ) from error


pool = InferencePool(_THREADS)
"""The threads of this process, shared by the recogniser, the turn detector and the voice."""
