"""What the runtime promises, on the real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vision_agents.core.errors import ConfigurationError, ProviderError, WeightsError
from vision_agents.core.functions.schema import ToolSchema
from vision_agents.plugins.embedded.llm import LLMSettings
from vision_agents.plugins.embedded.llm.grammar import OPENING, answer_grammar
from vision_agents.plugins.embedded.llm.prompt import ChatMessage
from vision_agents.plugins.embedded.llm.runtime import ContextFull, LlamaRuntime, Writing, check_gguf
from vision_agents.plugins.embedded.llm.shapes import tool_shape

TEXT = {"type": "string"}
ODD_TOOL = ToolSchema(
    'make "it"',
    "Make it.",
    {
        "type": "object",
        "properties": {
            "größe": {"type": "integer"},
            "mode": {"enum": ["a", 'b"\\', 3]},
            "tags": {"type": "array", "items": {"type": "number"}},
            "place": {"type": "object", "properties": {"city": TEXT}, "required": ["city"]},
            "on": {"type": "boolean"},
        },
        "required": ["größe", "mode", "tags", "place"],
    },
)


def user(text: str) -> tuple[ChatMessage, ...]:
    return (ChatMessage("user", text),)


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


class Listener:
    """Keeps what was written and stops after some pieces."""

    def __init__(self, stop_after: int = 10_000) -> None:
        self.pieces: list[str] = []
        self._left = stop_after

    def __call__(self, text: str) -> bool:
        self.pieces.append(text)
        self._left -= 1
        return self._left <= 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def test_it_answers_and_tells_the_cost_and_reads_a_known_beginning_once(runtime: LlamaRuntime) -> None:
    story = user("Count from one to ten in words, please. " * 3)
    listener = Listener()
    cost = runtime.write(Writing(messages=story, max_tokens=8), listener)
    assert cost.output_tokens == 8
    assert cost.prompt_tokens > 30
    assert len(listener.text) > 8
    again = runtime.write(Writing(messages=story, max_tokens=8), listener)
    assert again.prompt_tokens == cost.prompt_tokens
    assert again.cached_tokens >= cost.prompt_tokens - 1


def test_a_prompt_can_be_read_ahead(runtime: LlamaRuntime) -> None:
    persona = ChatMessage("system", "You look after the lighthouse of a small island in the north.")
    runtime.write(Writing(messages=(persona, *user("Hello.")), max_tokens=0), Listener())
    then = runtime.write(Writing(messages=(persona, *user("How is the light?")), max_tokens=1), Listener())
    assert then.cached_tokens >= 15


def test_a_stopped_decode_leaves_nothing_running(runtime: LlamaRuntime) -> None:
    listener = Listener(stop_after=6)
    runtime.write(Writing(messages=user("Tell a very long story."), max_tokens=400), listener)
    before = cpu_seconds()
    time.sleep(0.2)
    assert cpu_seconds() - before < 0.05
    assert len(listener.pieces) == 6


def test_a_long_prompt_can_be_left_half_read(runtime: LlamaRuntime) -> None:
    long = "".join(f"{number} bottles stand on the wall. " for number in range(150))
    listener = Listener(stop_after=3)
    begun = time.perf_counter()
    runtime.write(Writing(messages=user(long), max_tokens=5), listener)
    left = time.perf_counter() - begun
    assert listener.text == ""
    before = cpu_seconds()
    time.sleep(0.2)
    assert cpu_seconds() - before < 0.05
    # All of it would take ten seconds or more on one slow core.
    assert left < 5


def test_whatever_the_dice_say_the_grammar_makes_valid_calls(runtime: LlamaRuntime) -> None:
    grammar = answer_grammar([tool_shape(ODD_TOOL)], key="reply", may_reply=False)
    prompt = (*user("Make it, somehow."), ChatMessage("assistant", OPENING))
    listener = Listener()
    runtime.write(
        Writing(messages=prompt, max_tokens=300, grammar=grammar, temperature=1.0, seed=3), listener
    )
    arguments = json.loads(OPENING + listener.text)['make "it"']
    assert type(arguments["größe"]) is int
    assert arguments["mode"] in ["a", 'b"\\', 3]
    assert all(isinstance(tag, int | float) for tag in arguments["tags"])
    assert arguments["place"]["city"]
    assert set(arguments) <= set(ODD_TOOL.parameters["properties"])


def test_a_bias_changes_the_choice(runtime: LlamaRuntime) -> None:
    def first_word(bias: float) -> str:
        listener = Listener()
        writing = Writing(
            messages=user("Say yes or no."),
            max_tokens=1,
            grammar='root ::= "yes" | "no"',
            biases=(("yes", bias),),
        )
        runtime.write(writing, listener)
        return listener.text

    assert (first_word(50.0), first_word(-50.0)) == ("yes", "no")


def test_a_prompt_that_does_not_fit_is_told_apart(runtime: LlamaRuntime) -> None:
    with pytest.raises(ContextFull):
        runtime.write(Writing(messages=user("word " * 5000), max_tokens=5), Listener())


def test_a_refused_request_is_the_provider_s_error(runtime: LlamaRuntime) -> None:
    writing = Writing(messages=user("x"), max_tokens=5, grammar="root ::= unknown")
    with pytest.raises(ProviderError, match="The language model refused the request") as refused:
        runtime.write(writing, Listener())
    assert refused.value.stage == "llm"


def test_a_loaded_model_listens_nowhere_and_writes_no_log(
    runtime: LlamaRuntime, capfd: pytest.CaptureFixture[str]
) -> None:
    links = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    inodes = {link.removeprefix("socket:[").removesuffix("]") for link in links}
    listening = [
        line
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]
    assert listening == []
    assert not any("llm.sock" in line for line in Path("/proc/self/net/unix").read_text().splitlines())
    runtime.write(Writing(messages=user("Hi."), max_tokens=2), Listener())
    assert capfd.readouterr() == ("", "")


def test_loading_leaves_the_environment_as_it_was() -> None:
    script = (
        "import os; from vision_agents.plugins.embedded.llm import runtime; before = dict(os.environ);"
        "runtime._vendor(); print(dict(os.environ) == before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_what_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.gguf"
    with pytest.raises(ConfigurationError, match=r"missing\.gguf cannot be used: there is no such file"):
        check_gguf(missing)
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        check_gguf(tmp_path)
    text = tmp_path / "notes.gguf"
    text.write_text("not a model")
    with pytest.raises(WeightsError, match=r"notes\.gguf is not a GGUF file"):
        LlamaRuntime.load(text, LLMSettings(threads=1))
    short = tmp_path / "short.gguf"
    short.write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(64))
    with pytest.raises(WeightsError, match=r"short\.gguf cannot be loaded: it is cut short or not a model"):
        LlamaRuntime.load(short, LLMSettings(threads=1))
    assert capfd.readouterr() == ("", "")
