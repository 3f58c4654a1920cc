"""An agent: what it is made of, and what may be asked of it when."""

import asyncio

import pytest
from tests.core.agents.scene_parts import meanwhile

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.loopback_room import LoopbackExchange
from vision_agents.core.errors import ConfigurationError, EdgeError, SessionClosed, SessionNotStarted
from vision_agents.core.events.agent import AgentJoinedCallEvent
from vision_agents.core.functions.function_tool import function_tool
from vision_agents.core.types.people import User
from vision_agents.core.types.status import Reason
from vision_agents.core.vad.energy import EnergyVAD
from vision_agents.testing import (
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time


class ClosedTwice(ScriptedTTS):
    """Counts its closes."""

    def __init__(self) -> None:
        super().__init__()
        self.closes = 0

    async def close(self) -> None:
        self.closes += 1


class TestWhatItIsMadeOf:
    async def test_a_pipeline_and_parts_are_one_too_many(self) -> None:
        with pytest.raises(TypeError, match="either"):
            Agent(llm=ScriptedLLM(), pipeline=Pipeline(llm=ScriptedLLM()))

    async def test_its_parts_make_its_pipeline(self) -> None:
        llm, stt, tts = ScriptedLLM(), ScriptedSTT(), ScriptedTTS()
        agent = Agent(llm=llm, stt=stt, tts=tts)
        assert agent.pipeline is not None
        assert (agent.pipeline.llm, agent.pipeline.stt, agent.pipeline.tts) == (llm, stt, tts)
        assert isinstance(agent.pipeline.vad, EnergyVAD)
        assert agent.llm is llm

    async def test_without_parts_it_has_no_pipeline_and_no_model(self) -> None:
        agent = Agent("Be brief.")
        assert agent.pipeline is None
        with pytest.raises(ConfigurationError, match="llm"):
            _ = agent.llm

    async def test_impossible_mixes_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="stt"):
            Agent(llm=ScriptedLLM(), vad=ScriptedVAD())
        with pytest.raises(ConfigurationError, match="stt"):
            Agent(tts=ScriptedTTS(), turn_detection=ScriptedTurnDetector())

    async def test_its_tools_are_those_of_the_model_those_given_and_its_own_methods(self) -> None:
        def given() -> str:
            """Be given."""
            return "given"

        class Desk(Agent):
            @function_tool
            async def own(self) -> str:
                """Be my own."""
                return self.instructions

        llm = ScriptedLLM()

        @llm.register_function(description="Be the model's.")
        async def models() -> str:
            return "model"

        agent = Desk("Be brief.", llm=llm, tools=[given])
        assert {schema.name for schema in agent.functions.schemas()} == {"given", "own", "models"}
        assert agent.functions is llm.functions

    async def test_who_it_is_is_filled_in(self) -> None:
        agent = Agent(agent_id="label")
        assert agent.agent_user.id == f"agent-{agent.id}"
        assert agent.agent_id == "label"
        assert agent.id != Agent().id
        assert Agent(agent_user=User(id="desk")).agent_user.id == "desk"

    async def test_without_an_edge_it_joins_nothing(self) -> None:
        with pytest.raises(ConfigurationError, match="edge"):
            await Agent(llm=ScriptedLLM()).create_call("default", "scene")

    async def test_its_edge_stays_what_it_is_in_a_call(self) -> None:
        agent = Agent(llm=ScriptedLLM())
        agent.edge = Edge()
        call = await agent.create_call("default", "scene")
        async with agent.join(call, participant_wait_timeout=0):
            with pytest.raises(ConfigurationError, match="edge"):
                agent.edge = Edge()

    @pytest.mark.parametrize(
        ("call_type", "call_id"), [("default", "A b"), ("default", ""), ("a b", "scene")]
    )
    async def test_a_call_needs_a_proper_name(self, call_type: str, call_id: str) -> None:
        with pytest.raises(ValueError, match="Call"):
            await Agent(edge=Edge(), llm=ScriptedLLM()).create_call(call_type, call_id)


class TestBeforeACall:
    async def test_speech_is_refused_and_times_are_zero(self) -> None:
        agent = Agent(edge=Edge(), llm=ScriptedLLM(), tts=ScriptedTTS())
        with pytest.raises(SessionNotStarted):
            await agent.say("Hello.")
        with pytest.raises(SessionNotStarted):
            await agent.simple_response("Greet.")
        assert (agent.on_call_for(), agent.idle_for()) == (0.0, 0.0)
        assert agent.session is None
        await agent.finish()

    async def test_closing_gives_the_parts_back_once(self) -> None:
        voice = ClosedTwice()
        agent = Agent(edge=Edge(), tts=voice)
        await asyncio.gather(agent.close(), agent.close())
        await agent.close()
        assert voice.closes == 1
        assert agent.closed

    async def test_a_closed_agent_joins_nothing(self) -> None:
        agent = Agent(edge=Edge(), tts=ScriptedTTS())
        call = await agent.create_call("default", "scene")
        await agent.close()
        with pytest.raises(SessionClosed):
            async with agent.join(call, participant_wait_timeout=0):
                raise AssertionError("it must not be joined")

    async def test_an_agent_that_was_in_a_call_joins_no_other(self) -> None:
        agent = Agent(edge=Edge(), tts=ScriptedTTS())
        call = await agent.create_call("default", "scene")
        async with agent.join(call, participant_wait_timeout=0):
            pass
        with pytest.raises(SessionClosed):
            async with agent.join(call, participant_wait_timeout=0):
                raise AssertionError("it must not be joined")


class TestJoining:
    async def test_it_waits_for_somebody_else_for_a_while(self) -> None:
        agent = Agent(edge=Edge(), tts=ScriptedTTS())
        call = await agent.create_call("default", "scene")
        loop = asyncio.get_running_loop()
        async with agent.join(call, participant_wait_timeout=3):
            assert loop.time() == pytest.approx(3)

    async def test_it_goes_on_as_soon_as_somebody_is_there(self) -> None:
        edge = Edge()
        agent = Agent(edge=edge, tts=ScriptedTTS())
        call = await agent.create_call("default", "scene")
        loop = asyncio.get_running_loop()

        async def comes_late() -> None:
            await asyncio.sleep(2)
            async with SimulatedCaller(edge):
                await asyncio.sleep(3)

        late = meanwhile(comes_late())
        async with agent.join(call, participant_wait_timeout=None):
            assert loop.time() == pytest.approx(2)
        await late

    async def test_a_call_that_ends_before_anybody_came_is_an_error_with_its_reason(self) -> None:
        exchange = LoopbackExchange()
        agent = Agent(edge=Edge(exchange), tts=ScriptedTTS())
        call = await agent.create_call("default", "scene")

        @agent.events.on(AgentJoinedCallEvent)
        def over(_: AgentJoinedCallEvent) -> None:
            exchange.room("scene").end("nobody came")

        with pytest.raises(EdgeError):
            async with agent.join(call):
                raise AssertionError("nobody came")
        assert agent.session is not None
        assert agent.session.close_reason is not None
        assert agent.session.close_reason.reason is Reason.CALL_ENDED

    async def test_it_listens_while_it_waits_for_the_first_participant(self) -> None:
        async with scripted_call("Fine.") as s:
            await s.caller.says("how are you")
            await s.caller.hears("fine")
            await s.settles()
            assert s.agent.on_call_for() > 0
            assert s.agent.idle_for() == 0.0
