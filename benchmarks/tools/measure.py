"""How well the embedded language model chooses tools it has never seen, and how fast.

Run: python benchmarks/tools/measure.py [--parts requests held_out talk speed] [--verbose]

`requests.json` is what the prompt was written against, `held_out.json` was only measured. Prints a table
to stderr and one JSON document to stdout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.messages import FunctionCall, FunctionResult, HistoryItem, Message, Role
from vision_agents.core.llm.llm import LLMRequest, TextDelta, ToolCall, Usage
from vision_agents.plugins.embedded import LLM
from vision_agents.plugins.embedded.llm import LLMSettings

HERE = Path(__file__).parent
PERSONA = "You are a helpful voice assistant."


@dataclass
class Answer:
    """What the model did, and when."""

    text: str = ""
    call: ToolCall | None = None
    first_ms: float = 0.0
    total_ms: float = 0.0
    usage: Usage = field(default_factory=lambda: Usage(0, 0))


@dataclass
class Score:
    """Counts of one part."""

    right: int = 0
    of: int = 0
    arguments: int = 0
    calls: int = 0
    no_tool: int = 0
    talk: int = 0
    decision_ms: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        times = sorted(self.decision_ms)
        return {
            "right": self.right,
            "of": self.of,
            "share": round(self.right / self.of, 3),
            "arguments_right": f"{self.arguments}/{self.calls}",
            "no_tool_right": f"{self.no_tool}/{self.talk}",
            "decision_ms_median": round(times[len(times) // 2]),
            "mistakes": self.mistakes,
        }


def schemas(tools: Mapping[str, Any], names: Sequence[str]) -> list[ToolSchema]:
    return [ToolSchema(name, tools[name]["description"], tools[name]["parameters"]) for name in names]


async def ask(llm: LLM, items: Sequence[HistoryItem], tools: Sequence[ToolSchema]) -> Answer:
    answer, start = Answer(), time.perf_counter()
    async with aclosing(llm.respond(LLMRequest(PERSONA, items, tools))) as events:
        async for event in events:
            answer.first_ms = answer.first_ms or (time.perf_counter() - start) * 1000
            match event:
                case TextDelta(text):
                    answer.text += text
                case ToolCall():
                    answer.call = event
                case Usage():
                    answer.usage = event
    answer.total_ms = (time.perf_counter() - start) * 1000
    return answer


def said(expected: object, given: object) -> bool:
    if isinstance(expected, str):
        return expected.casefold() in str(given).casefold()
    return expected == given


def judge(score: Score, case: Mapping[str, Any], answer: Answer) -> None:
    name = answer.call.name if answer.call else None
    expected = case["expect"]
    score.of += 1
    score.right += name == expected
    score.decision_ms.append(answer.first_ms)
    score.talk += expected is None
    score.no_tool += expected is None and name is None
    score.calls += expected is not None
    arguments = dict(answer.call.arguments) if answer.call else {}
    fits = all(said(value, arguments.get(key)) for key, value in case["arguments"].items())
    score.arguments += expected is not None and name == expected and fits
    if name != expected or not fits:
        score.mistakes.append(f"{case['say']} -> {name or 'reply'} {arguments or answer.text[:60]}")


async def choose(llm: LLM, file: str) -> dict[str, Any]:
    data = json.loads((HERE / file).read_text())
    score = Score()
    for case in data["cases"]:
        answer = await ask(llm, [Message(Role.USER, case["say"])], schemas(data["tools"], case["tools"]))
        judge(score, case, answer)
    return score.report()


async def talk(llm: LLM) -> dict[str, Any]:
    data = json.loads((HERE / "talk.json").read_text())
    tools = schemas(data["tools"], ["get_weather"])
    report: dict[str, Any] = {}
    for prefix in ("", "held_out_"):
        score = Score()
        for say, location in [*data[f"{prefix}weather"], *((say, None) for say in data[f"{prefix}talk"])]:
            case = {
                "say": say,
                "expect": location and "get_weather",
                "arguments": {"location": location} if location else {},
            }
            judge(score, case, await ask(llm, [Message(Role.USER, say)], tools))
        report[f"{prefix}talk"] = score.report()
    report["conversations"] = [await converse(llm, scene, tools) for scene in data["conversations"]]
    return report


async def converse(
    llm: LLM, scene: Sequence[Mapping[str, Any]], tools: Sequence[ToolSchema]
) -> dict[str, Any]:
    items: list[HistoryItem] = []
    right, spoken = 0, []
    for turn in scene:
        items.append(Message(Role.USER, turn["say"]))
        answer = await ask(llm, items, tools)
        location = turn.get("location")
        if answer.call is None:
            right += location is None
        else:
            right += location is not None and said(location, answer.call.arguments.get("location"))
            items.append(FunctionCall(answer.call.id, answer.call.name, answer.call.arguments))
            items.append(FunctionResult(answer.call.id, answer.call.name, turn.get("result", "unknown")))
            answer = await ask(llm, items, tools)
            right += answer.call is None and all(said(fact, answer.text) for fact in turn.get("facts", ()))
        items.append(Message(Role.ASSISTANT, answer.text))
        spoken.append(answer.text)
    return {"right": right, "of": sum(2 if "location" in turn else 1 for turn in scene), "answers": spoken}


async def speed(llm: LLM) -> dict[str, Any]:
    """Must come first in the process: the cold figures include loading the model."""
    data = json.loads((HERE / "talk.json").read_text())
    tools = schemas(data["tools"], ["get_weather"])
    start = time.perf_counter()
    await llm.start()
    report = {"load_ms": round((time.perf_counter() - start) * 1000)}
    cold = await ask(llm, [Message(Role.USER, "Why do leaves turn red?")], tools)
    warm = await ask(llm, [Message(Role.USER, "Why do birds sing?")], tools)
    call = await ask(llm, [Message(Role.USER, "What is the weather in Paris?")], tools)
    plain = await ask(llm, [Message(Role.USER, "Tell me about the history of bread.")], [])
    writing_s = (plain.total_ms - plain.first_ms) / 1000
    return report | {
        "prompt_tokens": warm.usage.input_tokens,
        "first_text_cold_ms": round(cold.first_ms),
        "first_text_warm_ms": round(warm.first_ms),
        "call_complete_warm_ms": round(call.first_ms),
        "tokens_per_s": round((plain.usage.output_tokens - 1) / writing_s, 1),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def show(name: str, report: Mapping[str, Any], *, verbose: bool) -> None:
    print(f"\n{name}", file=sys.stderr)
    for key, value in report.items():
        if key == "mistakes" and not verbose:
            continue
        lines = value if isinstance(value, list) else [value]
        for line in lines:
            print(f"  {key:22} {line}", file=sys.stderr)


async def main() -> None:
    parts = ("speed", "requests", "held_out", "talk")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="*", default=parts, choices=parts)
    parser.add_argument("--model", help="qwen, smollm2 or the path of a GGUF file")
    parser.add_argument("--threads", type=int, help="of the processor, default all but one")
    parser.add_argument("--verbose", action="store_true", help="show every mistake")
    options = parser.parse_args()
    settings = LLMSettings(threads=options.threads) if options.threads else LLMSettings()
    llm = LLM(options.model, settings=settings)
    report: dict[str, Any] = {"model": llm.model, "threads": settings.threads}
    for part in (part for part in parts if part in options.parts):
        if part == "speed":
            report[part] = await speed(llm)
        elif part == "talk":
            report |= await talk(llm)
        else:
            report[part] = await choose(llm, f"{part}.json")
    for name, section in report.items():
        if isinstance(section, list):
            for number, scene in enumerate(section, 1):
                show(f"{name} {number}", scene, verbose=options.verbose)
        elif isinstance(section, dict):
            show(name, section, verbose=options.verbose)
    print(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    asyncio.run(main())
