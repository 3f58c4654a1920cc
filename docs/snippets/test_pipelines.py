"""A call that is handed over, with a spare model behind the first and a filter before the voice."""

from collections.abc import AsyncIterator

import pytest

from vision_agents.core import Agent, User
from vision_agents.core.agents.context_window import ContextWindow
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import ProviderError
from vision_agents.core.llm.fallback import FallbackLLM
from vision_agents.core.llm.llm import LLMEvent, TextDelta
from vision_agents.testing import (
    Calls,
    Fails,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedVAD,
    SimulatedCaller,
)

DOWN = ProviderError("Overloaded.", provider="first", stage="llm", retryable=True)


class Billing(Agent):
    """Takes over with the same voice and models."""

    async def on_enter(self) -> None:
        """Greet."""
        assert self.session is not None
        self.session.say("Billing here.")


async def to_billing() -> Agent:
    """Hand the caller over to billing."""
    return Billing("You answer questions about bills.", inherit_context=True)


@pytest.mark.virtual_time
async def test_the_second_agent_answers_with_the_spare_model() -> None:
    """The first model is down when it is asked the price."""
    first = ScriptedLLM([Calls(tool="to_billing", to="my bill"), Fails(error=DOWN)])
    spare = ScriptedLLM([Says(text="It is *ten* euros.", to="how much is it")])
    pipeline = Pipeline(
        llm=FallbackLLM(first, spare),
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        context_window=ContextWindow(max_tokens=4000),
    )

    @pipeline.on("llm")
    async def plain(events: AsyncIterator[LLMEvent]) -> AsyncIterator[LLMEvent]:
        async for event in events:
            yield TextDelta(event.text.replace("*", "")) if isinstance(event, TextDelta) else event

    agent = Agent(
        "You are the desk.", edge=Edge(), agent_user=User(name="Desk"), pipeline=pipeline, tools=[to_billing]
    )
    call = await agent.create_call("default", "desk")
    assert isinstance(agent.edge, Edge)
    async with SimulatedCaller(agent.edge) as caller, agent.join(call) as session:
        await caller.says("it is about my bill")
        await caller.hears("billing here")
        await caller.says("how much is it")
        await caller.hears("it is ten euros")
        assert isinstance(session.agent, Billing)
        assert session.id == agent.id
