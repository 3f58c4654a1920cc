"""A desk on a telephone line: keys, a secret, a transfer, and a sound while it thinks."""

import asyncio

import pytest

from vision_agents.core import Agent, AgentSession, User
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.edge.loopback import Edge, LoopbackPhone
from vision_agents.testing import ScriptedLLM, ScriptedTTS, SimulatedCaller


@pytest.mark.virtual_time
async def test_a_caller_gives_a_pin_and_is_handed_over() -> None:
    """The keys of the PIN reach nobody but the one who asked."""
    keys: list[str] = []
    edge = Edge()
    edge.add_phone(LoopbackPhone("tel:+15550100", rings=2.0))
    agent = Agent(edge=edge, agent_user=User(id="agent"), llm=ScriptedLLM(), tts=ScriptedTTS())
    agent.set_thinking_audio()
    session = AgentSession(agent, dtmf_handler=DTMFHandler(keys.append))

    call = await agent.create_call("default", "desk")
    async with SimulatedCaller(edge) as caller, agent.join(call):
        await caller.presses("1")
        asking = asyncio.gather(session.gather_digits(4, sensitive=True, prompt="Your pin please."))
        await caller.hears("your pin please")
        await caller.presses("4711")
        [pin] = await asking
        assert pin.ok
        result = await session.transfer("+1 555 0100")
        assert result.ok

    assert keys == ["1"]
