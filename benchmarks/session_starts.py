"""What a launcher needs to start sessions of a stub agent on the loopback edge; prints one line of JSON.

`cpu_ms` is the processor's time from the start of one session until it is in its call: the mean of 1,000, one
after the other, each ended before the next. `at_once_ms` is how long 100 starts take that begin together,
until every session is in its call: the best and the median of ten.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.testing import ScriptedLLM, ScriptedTTS

ONE_BY_ONE, AT_ONCE, ROUNDS = 1_000, 100, 10


async def create_agent() -> Agent:
    return Agent(edge=Edge(), llm=ScriptedLLM([]), tts=ScriptedTTS())


class Calls:
    """Joins calls, and knows when so many are joined."""

    def __init__(self) -> None:
        self.joined = 0
        self._wanted = 0
        self._all = asyncio.Event()

    async def join_call(self, agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            self.joined += 1
            if self.joined >= self._wanted:
                self._all.set()
            await agent.finish()

    async def wait(self, count: int) -> None:
        self._wanted = count
        self._all.clear()
        if self.joined < count:
            await self._all.wait()


async def one_by_one() -> float:
    calls = Calls()
    async with AgentLauncher(create_agent=create_agent, join_call=calls.join_call) as launcher:
        took = 0.0
        for count in range(ONE_BY_ONE + 50):
            began = time.process_time()
            session = await launcher.start_session(f"call-{count}")
            await calls.wait(count + 1)
            if count >= 50:  # the first ones import and fill caches
                took += time.process_time() - began
            await launcher.close_session(session.id, wait=True)
        return took / ONE_BY_ONE * 1000


async def together() -> list[float]:
    took: list[float] = []
    for _ in range(ROUNDS):
        calls = Calls()
        async with AgentLauncher(create_agent=create_agent, join_call=calls.join_call) as launcher:
            began = time.perf_counter()
            await asyncio.gather(*(launcher.start_session(f"call-{number}") for number in range(AT_ONCE)))
            await calls.wait(AT_ONCE)
            took.append((time.perf_counter() - began) * 1000)
    return took


def main() -> None:
    cpu = asyncio.run(one_by_one())
    took = asyncio.run(together())
    at = {"best": round(min(took), 1), "median": round(statistics.median(took), 1)}
    print(
        json.dumps({"starts": ONE_BY_ONE, "cpu_ms": round(cpu, 3), "concurrent": AT_ONCE, "at_once_ms": at})
    )


if __name__ == "__main__":
    main()
