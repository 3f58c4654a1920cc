"""One agent, one session, one object."""

import asyncio
from typing import Any, cast

import pytest
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.dtmf import DTMFHandler
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import AgentBusy, ConfigurationError, SessionClosed
from vision_agents.core.functions.function_tool import function_tool
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus, UserState
from vision_agents.testing import ScriptedLLM, ScriptedTTS

pytestmark = pytest.mark.virtual_time


class Helper(Agent):
    """Has a tool."""

    @function_tool
    async def look_up(self, number: str) -> str:
        """Look an order up."""
        return number


async def test_constructing_it_again_fills_in_what_is_missing() -> None:
    agent = Agent("Be brief.", edge=Edge())
    handle = AgentSession(agent, call_id="desk-1")
    keys, pipeline = DTMFHandler(), Pipeline(llm=ScriptedLLM())

    session = AgentSession(agent, pipeline, 12, None, keys, turn_handling=TurnHandling(manual=True))
    again = AgentSession(agent)

    assert handle is session is again is agent.session
    assert (session.pipeline, session.wake_up, session.dtmf_handler) == (pipeline, 12, keys)
    assert (session.call_id, session.agent) == ("desk-1", agent)


async def test_its_turn_handling_takes_the_place_of_the_pipelines() -> None:
    agent = Agent("Be brief.", edge=Edge(), tts=ScriptedTTS())
    session = AgentSession(agent, turn_handling=TurnHandling(manual=True), call_id="desk-1")
    await session.start()
    assert session.pipeline is not None
    assert session.pipeline.turns.manual
    await agent.close()


async def test_a_pipeline_given_to_the_session_gets_the_tools_of_the_agent() -> None:
    model = ScriptedLLM()

    @model.register_function(description="Tell the time")
    async def tell_time() -> str:
        return "noon"

    agent = Helper("Be brief.", edge=Edge())
    AgentSession(agent, Pipeline(llm=model))

    assert [schema.name for schema in model.functions.schemas()] == ["look_up", "tell_time"]
    assert agent.llm is model


async def test_its_facts_before_it_starts() -> None:
    session = AgentSession(Hooked())
    assert session.state is session.status is SessionStatus.STARTING
    assert (session.close_reason, session.call, session.current_utterance) == (None, None, None)
    assert set(session.providers) == {"stt", "llm", "tts", "vad", "eou"}
    assert (session.wake_up, session.on_wake_up, session.max_wake_ups) == (None, None, None)


async def test_state_t1_constructed_both_are_idle() -> None:
    session = AgentSession(Hooked())
    assert (session.user_state, session.agent_state) == (UserState.IDLE, AgentState.IDLE)


async def test_defect_02_every_attribute_exists_from_the_beginning() -> None:
    agent = Hooked()
    session = AgentSession(agent)
    names = set(vars(session))
    async with joined(agent) as (running, _):
        assert running is session
        assert set(vars(session)) == names
    assert set(vars(session)) == names


async def test_defect_16_a_closed_session_still_tells_everything() -> None:
    agent = Hooked()
    async with joined(agent) as (session, _):
        await asyncio.sleep(1)
        await session.close(Reason.REQUESTED, "enough")
    assert (session.agent, session.pipeline) == (agent, agent.pipeline)
    assert session.pipeline is not None
    assert session.state is SessionStatus.CLOSED
    assert session.close_reason == CloseReason(Reason.REQUESTED, "enough")
    assert session.call is not None
    assert session.current_utterance is None
    assert session.on_call_for() > 0
    with pytest.raises(SessionClosed):
        session.interrupt()


async def test_defect_20_a_pipeline_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="Pipeline"):
        AgentSession(Hooked(), cast("Any", object()))


async def test_defect_26_an_agent_cannot_be_taken_over_by_a_second_session() -> None:
    agent = Hooked()
    async with joined(agent) as (session, _):
        with pytest.raises(AgentBusy):
            AgentSession(agent)
        assert agent.session is session
    with pytest.raises(AgentBusy):
        AgentSession(agent)
    assert agent.session is session


async def test_a_session_closed_before_its_first_step_runs_no_hooks() -> None:
    agent = Hooked()
    session = AgentSession(agent, call_id="desk-1")
    starting = asyncio.get_running_loop().create_task(session.start())
    await asyncio.sleep(0)
    await session.close(Reason.REQUESTED)
    with pytest.raises(SessionClosed):
        await starting
    assert session.state is SessionStatus.CLOSED
    assert session.close_reason == CloseReason(Reason.REQUESTED)
    assert (agent.entered, agent.exited) == (0, 0)
