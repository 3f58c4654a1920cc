"""The port on the real model: the documented conversation, talk, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path

import pytest

from vision_agents.core.errors import ConfigurationError, ProviderError, WeightsError
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.plugins.embedded.llm import LLM
from vision_agents.plugins.embedded.llm import llm as module
from vision_agents.plugins.embedded.llm.engine import Engine
from vision_agents.plugins.embedded.llm.runtime import ContextFull, LlamaRuntime, Writing, Written

PERSONA = "You are a helpful voice assistant."


def user(text: str) -> Message:
    return Message(Role.USER, text)


def offering_weather() -> LLM:
    llm = LLM("qwen")

    @llm.register_function(description="Get the current weather for a location")
    async def get_weather(location: str) -> str:  # pyright: ignore[reportUnusedFunction]
        return f"The weather in {location} is sunny and 72°F."

    return llm


@pytest.fixture
def llm(runtime: LlamaRuntime, monkeypatch: pytest.MonkeyPatch) -> Iterator[LLM]:
    served = Engine(runtime)

    async def shared_engine(*_: object, **__: object) -> Engine:
        return served

    monkeypatch.setattr(module, "shared_engine", shared_engine)
    yield offering_weather()
    served.close()


async def ask(llm: LLM, *items: HistoryItem, now: str = "", tools: bool = True) -> list[LLMEvent]:
    request = LLMRequest(PERSONA, items, llm.functions.schemas() if tools else (), now)
    return [event async for event in llm.respond(request)]


def call_of(events: Sequence[LLMEvent]) -> ToolCall | None:
    return next((event for event in events if isinstance(event, ToolCall)), None)


def words(events: Sequence[LLMEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def plain(text: str) -> str:
    return re.sub(r"[^\w ]", "", text.casefold())


@pytest.mark.timeout(400)  # it reads 600 tokens: seconds on a free core, minutes on a crowded one
async def test_the_documented_conversation_as_it_is_heard(llm: LLM) -> None:
    await llm.warmup()
    await llm.prepare(LLMRequest(PERSONA, (), llm.functions.schemas()))
    items: list[HistoryItem] = []
    for question, city in (
        ("what is the weather in paris", "paris"),
        ("What about the weather in Tokyo?", "tokyo"),
    ):
        items.append(user(question))
        call = call_of(await ask(llm, *items))
        assert call is not None
        assert call.name == "get_weather"
        assert str(call.arguments["location"]).casefold() == city
        output = f"The weather in {call.arguments['location']} is sunny and 72°F."
        items += [
            FunctionCall(call.id, call.name, call.arguments),
            FunctionResult(call.id, call.name, output),
        ]
        events = await ask(llm, *items)
        assert call_of(events) is None
        assert plain(output) in plain(words(events))
        items.append(Message(Role.ASSISTANT, words(events)))


@pytest.mark.parametrize(
    "question", ["Hello, how are you?", "Who wrote Romeo and Juliet?", "Thank you very much"]
)
async def test_talk_calls_no_tool(llm: LLM, question: str) -> None:
    events = await ask(llm, user(question))
    assert call_of(events) is None
    assert len(words(events)) > 3
    assert '"' not in words(events)[-1:]
    usage = events[-1]
    assert isinstance(usage, Usage)
    assert usage.input_tokens > 400
    assert usage.output_tokens > 3


async def test_a_greeting_is_made_from_instructions_for_one_turn(llm: LLM) -> None:
    events = await ask(llm, now="Greet the user.")
    assert call_of(events) is None
    assert words(events)


async def test_a_plain_chat_streams(llm: LLM) -> None:
    events = await ask(llm, user("What is the capital of France?"), tools=False)
    assert "Paris" in words(events)
    assert len([event for event in events if isinstance(event, TextDelta)]) > 2


class Forgetful:
    """An engine whose context holds a few messages."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.asked: list[Writing] = []

    async def write(self, writing: Writing) -> AsyncGenerator[str | Written, None]:
        self.asked.append(writing)
        if len(writing.messages) > self._room:
            raise ContextFull
        yield "Yes."
        yield Written()


def served_by(engine: Forgetful, monkeypatch: pytest.MonkeyPatch) -> LLM:
    async def shared_engine(*_: object, **__: object) -> Forgetful:
        return engine

    monkeypatch.setattr(module, "shared_engine", shared_engine)
    return LLM("qwen")


async def test_what_does_not_fit_is_forgotten_from_the_front(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Forgetful(room=8)
    llm = served_by(engine, monkeypatch)
    items = [part for number in range(10) for part in (user(f"q{number}"), Message(Role.ASSISTANT, "a"))]
    events = await ask(llm, *items, user("last"))
    assert words(events) == "Yes."
    assert len(engine.asked) > 1
    assert engine.asked[-1].messages[-1].content == "last"
    assert 2 < len(engine.asked[-1].messages) <= 8


async def test_a_question_that_can_never_fit_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    llm = served_by(Forgetful(room=0), monkeypatch)
    with pytest.raises(ProviderError, match="do not fit into the model's context of 4096 tokens") as failed:
        await ask(llm, user("hello"), Message(Role.ASSISTANT, "hi"), user("hello"))
    assert not failed.value.retryable


def test_a_model_has_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert LLM().describe().model == "qwen2.5-coder-0.5b"
    monkeypatch.setenv("VISION_AGENTS_LLM", "smollm2")
    assert LLM().describe().model == "smollm2"
    assert LLM("qwen").describe().provider == "embedded"
    own = tmp_path / "own-7b.gguf"
    own.write_bytes(b"GGUF")
    assert LLM(own).describe().model == "own-7b"


def test_a_wrong_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"There is no language model 'gpt-9': give one of qwen, .*smollm2"
    ):
        LLM("gpt-9")
    with pytest.raises(ConfigurationError, match="there is no such file"):
        LLM(tmp_path / "missing.gguf")
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    with pytest.raises(WeightsError, match="is not a GGUF file"):
        LLM(str(text))


def test_building_one_loads_no_runtime() -> None:
    script = (
        "import sys; from vision_agents.plugins.embedded import LLM; LLM();"
        "print([m for m in ('xllamacpp', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
async def test_two_agents_share_the_loaded_model() -> None:
    one, other = LLM(), LLM()
    await one.start()
    await other.start()
    assert await one._engine() is await other._engine()  # pyright: ignore[reportPrivateUsage]
