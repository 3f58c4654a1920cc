"""Words that are typed are turns like spoken ones."""

from __future__ import annotations

import pytest

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import SessionError, SessionNotStarted
from vision_agents.core.events.agent import TurnMarksEvent, UserTranscriptEvent
from vision_agents.core.types.people import Participant, User
from vision_agents.testing import (
    Says,
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedTTS,
    realtime_call,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time


async def test_a_typed_turn_is_answered_and_remembered() -> None:
    async with scripted_call(Says(text="It is sunny.", to="paris")) as s:
        s.session.take_text("  weather in paris\n")
        await s.settles()

        assert s.said == [("user", "weather in paris"), ("assistant", "It is sunny.")]
        assert s.caller.heard_text == "it is sunny"
        (transcript,) = s.of(UserTranscriptEvent)
        assert transcript.text == "weather in paris"
        assert transcript.participant == s.session.connection.participants[0]


async def test_the_wait_for_the_answer_is_measured_from_the_typing() -> None:
    async with scripted_call("Sunny.") as s:
        s.session.take_text("weather")
        await s.settles()

        (marks,) = s.of(TurnMarksEvent)
        assert marks.response_delay_ms is not None
        assert 50 <= marks.response_delay_ms < 500


async def test_typing_interrupts() -> None:
    async with scripted_call("One two three four five six seven eight.", "Nine.") as s:
        s.session.take_text("count")
        await s.caller.hears("two")
        s.session.take_text("stop")
        await s.settles()

        roles = [(role, text.endswith("…")) for role, text in s.said]
        assert roles == [("user", False), ("assistant", True), ("user", False), ("assistant", False)]


async def test_what_must_not_be_interrupted_is_said_to_its_end() -> None:
    async with scripted_call("Nine.") as s:
        s.session.say("One two three.", interruptible=False)
        await s.caller.hears("one")
        s.session.take_text("stop")
        await s.settles()

        assert s.caller.heard_text == "one two three nine"


async def test_nothing_typed_is_nothing_said() -> None:
    async with scripted_call() as s:
        s.session.say("One two three.")
        await s.caller.hears("one")
        s.session.take_text(" \n")
        await s.settles()

        assert s.caller.heard_text == "one two three"


async def test_the_participant_may_be_named() -> None:
    async with scripted_call("Yes.") as s:
        bob = Participant(None, "bob", "bob-1")
        s.session.take_text("hello", bob)
        await s.settles()

        assert [event.participant for event in s.of(UserTranscriptEvent)] == [bob]


async def test_a_realtime_model_is_told_and_asked() -> None:
    async with realtime_call(ScriptedRealtime(Says(text="It is sunny.", to="paris"))) as s:
        s.session.take_text("weather in paris")
        await s.settles()

        assert s.said == [("user", "weather in paris"), ("assistant", "It is sunny.")]


async def test_nobody_types_in_an_empty_call_or_before_it() -> None:
    agent = Agent(edge=Edge(), agent_user=User(id="agent"), llm=ScriptedLLM(), tts=ScriptedTTS())
    call = await agent.create_call("default", "lunch")
    async with agent.join(call, participant_wait_timeout=0) as session:
        with pytest.raises(SessionError, match="Nobody else is in the call"):
            session.take_text("hello")

    fresh = Agent(edge=Edge(), llm=ScriptedLLM(), tts=ScriptedTTS())

    with pytest.raises(SessionNotStarted):
        AgentSession(fresh).take_text("hello")
