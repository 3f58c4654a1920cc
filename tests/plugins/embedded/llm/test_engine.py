"""The queue in front of the runtime, with a scripted runtime on real threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from vision_agents.core.errors import ProviderError, WeightsError
from vision_agents.plugins.embedded.llm import LLMSettings, engine
from vision_agents.plugins.embedded.llm.engine import Engine, shared_engine
from vision_agents.plugins.embedded.llm.prompt import ChatMessage
from vision_agents.plugins.embedded.llm.runtime import ContextFull, LlamaRuntime, OnText, Writing, Written


class Scripted:
    """Writes words one by one: each when the test lets it, endlessly if there is no number."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.began = threading.Event()
        self.log: list[str] = []
        self.running = 0
        self.error: Exception | None = None

    def write(self, writing: Writing, on_text: OnText) -> Written:
        name = writing.messages[0].content
        self.log.append(f"{name} begins")
        self.began.set()
        self.running += 1
        try:
            if self.error:
                raise self.error
            for number in range(writing.max_tokens):
                assert self.go.acquire(timeout=10)
                if on_text(f"{name}{number} "):
                    self.log.append(f"{name} stopped")
                    return Written()
            self.log.append(f"{name} ends")
            return Written(output_tokens=writing.max_tokens)
        finally:
            self.running -= 1


@pytest.fixture
def runtime() -> Scripted:
    return Scripted()


@pytest.fixture
def served(runtime: Scripted) -> Iterator[Engine]:
    served = Engine(runtime)
    yield served
    served.close()


def writing(name: str, tokens: int = 2) -> Writing:
    return Writing(messages=(ChatMessage("user", name),), max_tokens=tokens)


async def collect(served: Engine, what: Writing) -> list[str | Written]:
    return [piece async for piece in served.write(what)]


async def test_pieces_arrive_one_by_one_and_the_cost_comes_last(runtime: Scripted, served: Engine) -> None:
    async with aclosing(served.write(writing("a"))) as pieces:
        runtime.go.release()
        assert await anext(pieces) == "a0 "
        runtime.go.release()
        assert await anext(pieces) == "a1 "
        assert await anext(pieces) == Written(output_tokens=2)


async def test_first_come_first_served_one_at_a_time(runtime: Scripted, served: Engine) -> None:
    runtime.go.release(6)
    await asyncio.gather(*(collect(served, writing(name)) for name in "abc"))
    assert runtime.log == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


async def test_closing_stops_the_writing_and_waits_for_its_end(runtime: Scripted, served: Engine) -> None:
    pieces = served.write(writing("a", tokens=100))
    runtime.go.release()
    await anext(pieces)
    runtime.go.release()
    await pieces.aclose()
    assert runtime.log == ["a begins", "a stopped"]
    assert runtime.running == 0


async def test_a_cancelled_task_ends_when_nothing_runs_any_more(runtime: Scripted, served: Engine) -> None:
    task = asyncio.get_running_loop().create_task(collect(served, writing("a", tokens=100)))
    runtime.go.release()
    await asyncio.to_thread(runtime.began.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # a second time, while it waits for the end
    runtime.go.release(2)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runtime.log == ["a begins", "a stopped"]
    assert runtime.running == 0


async def test_who_leaves_the_queue_waits_for_nobody(runtime: Scripted, served: Engine) -> None:
    first = asyncio.get_running_loop().create_task(collect(served, writing("a")))
    await asyncio.to_thread(runtime.began.wait, 10)
    waiting = asyncio.get_running_loop().create_task(collect(served, writing("b")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not first.done()
    runtime.go.release(4)
    await first
    await collect(served, writing("c"))
    assert runtime.log == ["a begins", "a ends", "c begins", "c ends"]


@pytest.mark.parametrize("error", [ContextFull("long"), ProviderError("bad", provider="p", stage="llm")])
async def test_an_error_of_the_runtime_reaches_the_session(
    runtime: Scripted, served: Engine, error: Exception
) -> None:
    runtime.error = error
    with pytest.raises(type(error)) as caught:
        await collect(served, writing("a"))
    assert caught.value is error
    runtime.error = None
    runtime.go.release(2)
    assert await collect(served, writing("b")) == ["b0 ", "b1 ", Written(output_tokens=2)]


async def test_reading_ahead_gives_what_it_cost(runtime: Scripted, served: Engine) -> None:
    assert await served.read(writing("a", tokens=0)) == Written(output_tokens=0)
    assert runtime.log == ["a begins", "a ends"]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    loaded: list[Path] = []

    def load(path: Path, settings: LLMSettings) -> Scripted:
        loaded.append(path)
        if len(loaded) > 1 and path.name == "bad":
            raise WeightsError("bad file")
        return Scripted()

    monkeypatch.setattr(LlamaRuntime, "load", load)
    monkeypatch.setattr(engine, "_engines", {})
    return loaded


async def test_a_file_is_loaded_once_for_all(loads: list[Path]) -> None:
    path = Path("/models/a.gguf")
    warm, cold = LLMSettings(temperature=1.0, threads=2), LLMSettings(max_tokens=5, threads=2)
    engines = await asyncio.gather(
        *(shared_engine(path, each, obtain=lambda _: path) for each in (warm, cold))
    )
    assert engines[0] is engines[1]
    assert loads == [path]
    other = await shared_engine(path, LLMSettings(context_size=2048, threads=2), obtain=lambda _: path)
    assert other is not engines[0]
