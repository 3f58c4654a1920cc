"""Who does what: the two states, and when they change."""

import asyncio

import pytest
from tests.core.agents.scene_parts import meanwhile, until
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.agent import AgentStateChangedEvent, UserStateChangedEvent
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import Fails, Says, ScriptedCall, ScriptedLLM, ScriptedTTS, scripted_call

pytestmark = pytest.mark.virtual_time


def changes(call: ScriptedCall) -> list[str]:
    """Both sides' states, oldest first."""
    return [
        f"{'user' if isinstance(event, UserStateChangedEvent) else 'agent'} {event.state.value}"
        for event in call.events
        if isinstance(event, UserStateChangedEvent | AgentStateChangedEvent)
    ]


async def test_state_t4_a_voice_makes_the_agent_listen() -> None:
    async with scripted_call("Fine.") as s:
        speaks = meanwhile(s.caller.says("how are you"))
        await until(lambda: s.session.user_state is UserState.SPEAKING)
        assert s.session.agent_state is AgentState.LISTENING
        await speaks
        await s.caller.hears("fine")


async def test_state_t4_a_voice_does_not_change_an_agent_that_speaks() -> None:
    async with scripted_call() as s:
        s.session.say("One two three four five six.")
        await s.caller.hears("two")
        cough = meanwhile(s.caller.mumbles(0.3))
        await until(lambda: s.session.user_state is UserState.SPEAKING)
        assert s.session.agent_state is AgentState.SPEAKING
        await cough
        await s.settles()
        assert s.session.user_state is UserState.IDLE


async def test_state_t5_a_silent_user_is_idle_and_a_cough_leaves_both_idle() -> None:
    async with scripted_call() as s:
        await s.caller.mumbles(0.4)
        await until(lambda: s.session.user_state is UserState.IDLE)
        await s.caller.waits(3)
        assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)
        assert [c for c in changes(s) if "starting" not in c][1:] == [
            *("user speaking", "agent listening", "user idle", "agent idle"),
        ]


async def test_state_t5_the_user_is_idle_in_a_pause_and_the_agent_still_listens() -> None:
    async with scripted_call("Fine.") as s:
        await s.caller.says("how are")
        await until(lambda: s.session.user_state is UserState.IDLE)
        assert s.session.agent_state is AgentState.LISTENING
        await s.caller.hears("fine")


async def test_state_t6_t7_t8_thinking_speaking_idle() -> None:
    async with scripted_call(Says(text="Fine.", first_token=1)) as s:
        await s.caller.says("how are you")
        await until(lambda: s.session.agent_state is AgentState.THINKING)
        assert s.session.user_state is UserState.IDLE
        await s.caller.hears("fine")
        await s.settles()
        assert changes(s)[-6:] == [
            *("user idle", "agent thinking"),
            *("user listening", "agent speaking"),
            *("user idle", "agent idle"),
        ]


async def test_state_t9_an_interruption_makes_it_listen_and_then_idle() -> None:
    async with scripted_call() as s:
        s.session.say("One two three.")
        await s.caller.hears("one")
        await s.session.interrupt()
        assert changes(s)[-4:] == ["agent speaking", "agent listening", "user idle", "agent idle"]


async def test_state_t9_a_barge_in_makes_it_listen() -> None:
    async with scripted_call("Fine.") as s:
        s.session.say("One two three four five six seven eight.")
        await s.caller.hears("two")
        await s.caller.says("stop that right now please")
        await s.caller.hears("fine")
        told = changes(s)
        cut = told.index("agent listening")
        assert told[cut - 3 : cut + 3] == [
            *("agent speaking", "user speaking", "user listening"),
            *("agent listening", "user idle", "agent thinking"),
        ]


async def test_state_t13_a_text_answer_ends_idle() -> None:
    agent = Agent("Be brief.", edge=Edge(), llm=ScriptedLLM(["Fine."]), agent_user=User(id="agent"))
    call = await agent.create_call("default", "scene")
    async with agent.join(call, participant_wait_timeout=0) as session:
        await session.reply("Answer.")
        await asyncio.sleep(0)
        assert (session.user_state, session.agent_state) == (UserState.IDLE, AgentState.IDLE)
        assert [message.text for message in session.history.messages] == ["Fine."]


@pytest.mark.parametrize(
    ("line", "voice"),
    [
        (Says(text=""), ScriptedTTS()),
        (Fails(error=OSError("down")), ScriptedTTS()),
        (Says(text="Fine."), ScriptedTTS(silent=["Fine."])),
        (Says(text="Fine.", stuck=True), ScriptedTTS()),
    ],
    ids=["no words", "no model", "no sound", "no end"],
)
async def test_thinking_and_speaking_end_in_bounded_time(line: Says | Fails, voice: ScriptedTTS) -> None:
    agent = Hooked(line, tts=voice)
    async with joined(agent) as (session, caller):
        await caller.says("how are you")
        await until(lambda: agent.script.requests)
        async with asyncio.timeout(45):
            await until(lambda: session.agent_state is AgentState.IDLE)
        assert session.user_state is UserState.IDLE
