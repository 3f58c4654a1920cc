"""An endpointing rule of one's own: on the radio, a turn ends with the word "over"."""

from dataclasses import dataclass

import pytest

from vision_agents.core import Agent, User
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.turns.endpointing import PauseFacts
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import Says, ScriptedLLM, ScriptedSTT, ScriptedTTS, ScriptedVAD, SimulatedCaller


@dataclass(frozen=True)
class UntilOver:
    """Wait for `longest` seconds, unless the last word was "over"."""

    longest: float = 5.0

    def patience(self, pause: PauseFacts) -> float:
        """Tell how much silence ends the turn."""
        return 0.1 if (pause.text or "").endswith("over") else self.longest


@pytest.mark.virtual_time
async def test_a_long_pause_ends_nothing_before_over() -> None:
    """The model is asked once, with both halves."""
    llm = ScriptedLLM([Says(text="Understood.", to="we are at the gate over")])
    agent = Agent(
        edge=Edge(),
        agent_user=User(id="agent"),
        llm=llm,
        stt=ScriptedSTT(),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_handling=TurnHandling(endpointing=UntilOver(), speculate=False),
    )
    call = await agent.create_call("default", "radio")
    async with SimulatedCaller(agent.edge) as caller, agent.join(call):
        await caller.says("We are at the gate.")
        await caller.waits(3.0)
        await caller.says("Over.")
        await caller.hears("understood")
    llm.assert_done()
