"""How long it takes, and how much memory, to import the documented names and build an agent from stubs.

Prints one line of JSON: medians of ten fresh processes. With ``--once``, the figures of this very process.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROUNDS = 10
HEAVY = (
    "aiortc",
    "av",
    "fastapi",
    "hibari",
    "onnxruntime",
    "opentelemetry",
    "openai",
    "pydantic",
    "redis",
    "rich",
    "typer",
    "xllamacpp",
)


def build_agent() -> object:
    """Build an agent as a program does, from parts that do nothing."""
    from vision_agents.core import Agent, AgentLauncher, AgentSession, User
    from vision_agents.core.edge.transport import EdgeTransport
    from vision_agents.core.llm.llm import LLM
    from vision_agents.core.stt.stt import STT
    from vision_agents.core.tts.tts import TTS

    def nothing(self: object, *_: object) -> object:
        return self

    def stub(port: type[Any]) -> Any:
        return type(f"Stub{port.__name__}", (port,), dict.fromkeys(port.__abstractmethods__, nothing))()

    agent = Agent(
        edge=stub(EdgeTransport),
        agent_user=User(id="agent", name="Assistant"),
        instructions="Answer in one sentence.",
        llm=stub(LLM),
        stt=stub(STT),
        tts=stub(TTS),
    )

    @agent.llm.register_function(description="Get the weather.")
    def get_weather(city: str) -> str:
        return f"Sunny in {city}"

    return agent, AgentSession, AgentLauncher


def measure_this_process() -> dict[str, Any]:
    began, worked = time.perf_counter(), time.process_time()
    build_agent()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak_kb / 1024,
        "loaded": [name for name in HEAVY if name in sys.modules],
    }


def measure_fresh_process() -> dict[str, Any]:
    run = subprocess.run([sys.executable, __file__, "--once"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def main() -> None:
    measure_fresh_process()  # fills the disk's cache
    rounds = [measure_fresh_process() for _ in range(ROUNDS)]

    def median(key: str) -> float:
        return round(statistics.median(one[key] for one in rounds), 3)

    print(
        json.dumps(
            {
                "benchmark": "import_time",
                "rounds": ROUNDS,
                "median_s": median("seconds"),
                "median_cpu_s": median("cpu_seconds"),
                "median_peak_mb": median("peak_mb"),
                "loaded": rounds[0]["loaded"],
            }
        )
    )


if __name__ == "__main__":
    if "--once" in sys.argv:
        print(json.dumps(measure_this_process()))
    else:
        main()
