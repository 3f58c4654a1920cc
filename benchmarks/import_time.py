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
    "openai",
    "pydantic",
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
    began = time.perf_counter()
    build_agent()
    seconds = time.perf_counter() - began
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "peak_mb": peak_kb / 1024, "loaded": [n for n in HEAVY if n in sys.modules]}


def measure_fresh_process() -> dict[str, Any]:
    run = subprocess.run([sys.executable, __file__, "--once"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def main() -> None:
    measure_fresh_process()  # fills the disk's cache
    rounds = [measure_fresh_process() for _ in range(ROUNDS)]
    print(
        json.dumps(
            {
                "benchmark": "import_time",
                "rounds": ROUNDS,
                "median_s": round(statistics.median(r["seconds"] for r in rounds), 3),
                "median_peak_mb": round(statistics.median(r["peak_mb"] for r in rounds), 1),
                "loaded": rounds[0]["loaded"],
            }
        )
    )


if __name__ == "__main__":
    if "--once" in sys.argv:
        print(json.dumps(measure_this_process()))
    else:
        main()
