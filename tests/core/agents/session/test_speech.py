"""Saying, replying, interrupting."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.core.agents.scene_parts import meanwhile, now, until
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.agents.session import AgentSession
from vision_agents.core.errors import ConfigurationError, SessionClosed
from vision_agents.core.functions.running import in_tool
from vision_agents.core.history.messages import FunctionResult
from vision_agents.core.llm.llm import LLMEvent, LLMProfile, LLMRequest
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import Calls, Says, ScriptedLLM, scripted_call

pytestmark = pytest.mark.virtual_time

COMPLETED, INTERRUPTED = UtteranceState.COMPLETED, UtteranceState.INTERRUPTED
SKIPPED, FAILED = UtteranceState.SKIPPED, UtteranceState.FAILED


def this(session: AgentSession | None) -> AgentSession:
    assert session is not None
    return session


async def test_u1_said_heard_and_done() -> None:
    async with scripted_call() as s:
        handle = s.session.say("Hello you.")
        assert s.session.current_utterance is handle
        await until(lambda: s.session.agent_state is AgentState.SPEAKING)
        assert s.session.user_state is UserState.LISTENING
        await handle
        assert (handle.state, handle.interrupted, handle.spoken_text) == (COMPLETED, False, "Hello you.")
        assert (s.session.agent_state, s.session.user_state) == (AgentState.IDLE, UserState.IDLE)
        assert s.session.current_utterance is None
        assert s.caller.heard_text == "hello you"


async def test_u2_said_in_a_tool_it_is_heard_first_and_the_turn_goes_on() -> None:
    turn: list[UtteranceHandle | None] = []

    async def look() -> str:
        """Look it up."""
        session = this(agent.session)
        turn.append(session.current_utterance)
        handle = session.say("One moment.")
        await handle
        turn.append(session.current_utterance)
        return "seven"

    agent = Hooked(Calls(tool="look"), Says(text="It is seven.", to="seven"), tools=[look])
    async with joined(agent) as (_, caller):
        await caller.says("look")
        await caller.hears("one moment it is seven")
        assert turn[0] is not None
        assert turn[0] is turn[1]
        await turn[0]
        assert turn[0].state is COMPLETED


async def test_u3_what_must_not_be_interrupted_is_heard_before_the_next() -> None:
    async with scripted_call() as s:
        first = s.session.say("One two.", False)
        second = s.session.say("Three.")
        await second
        assert (first.state, second.state) == (COMPLETED, COMPLETED)
        assert s.caller.heard_text == "one two three"


async def test_defect_11_say_cuts_the_sound_of_the_old_one_itself() -> None:
    async with scripted_call() as s:
        old = s.session.say("One two three four five six.")
        await s.caller.hears("two")
        await s.session.say("Seven.")
        assert old.state is INTERRUPTED
        assert "six" not in s.caller.heard_text
        assert s.caller.heard_text.endswith("seven")


async def test_u4_two_replies_of_tools_at_once_are_answered_in_order_each_with_its_handle() -> None:
    handles: list[UtteranceHandle] = []

    async def both() -> str:
        """Ask twice."""
        session = this(agent.session)
        handles.extend(await asyncio.gather(session.reply("Say one."), session.reply("Say two.")))
        return "asked"

    agent = Hooked(
        Calls(tool="both"),
        Says(text="Asked.", to="asked"),
        Says(text="One.", to="Say one."),
        Says(text="Two.", to="Say two."),
        tools=[both],
    )
    async with joined(agent) as (_, caller):
        await caller.says("go")
        await caller.hears("asked one two")
        await asyncio.gather(*handles)
    assert len({handle.id for handle in handles}) == 2
    assert [handle.spoken_text for handle in handles] == ["One.", "Two."]
    assert [text for _, text in agent.said] == ["go", "Asked.", "One.", "Two."]


@pytest.mark.parametrize(
    ("policy", "states", "heard"),
    [
        ("queue", (COMPLETED, COMPLETED), "one two three"),
        ("replace", (INTERRUPTED, COMPLETED), "one three"),
        ("drop", (COMPLETED, SKIPPED), "one two"),
    ],
)
async def test_u5_a_reply_during_a_reply_follows_the_policy(
    policy: str, states: tuple[UtteranceState, ...], heard: str
) -> None:
    lines = [Says(text="One two.", to="first")] + [Says(text="Three.", to="second")] * (policy != "drop")
    async with scripted_call(*lines) as s:
        first = await s.session.reply("first", wait_for_playback=False)
        await s.caller.hears("one")
        second = await s.session.reply("second", policy=policy)  # pyright: ignore[reportArgumentType]
        await first
        assert first is not second
        assert (first.state, second.state) == states
        assert s.caller.heard_text == heard


async def test_defect_09_and_10_two_replies_at_once_are_two_answers() -> None:
    async with scripted_call(Says(text="One.", to="first"), Says(text="Two.", to="second")) as s:
        one, two = await asyncio.gather(s.session.reply("first"), s.session.reply("second"))
        assert one.id != two.id
        assert s.caller.heard_text == "one two"
        assert [request.turn_instructions for request in s.llm.requests] == ["first", "second"]


async def test_u5_empty_instructions_ask_nothing() -> None:
    async with scripted_call() as s:
        handle = await s.session.reply("  ")
        assert handle.done()
        assert s.llm.requests == []


async def test_u6_only_what_a_tool_does_counts_as_done_in_a_tool() -> None:
    inside: list[bool] = []

    async def work() -> str:
        """Work for a while."""
        inside.append(in_tool())
        await asyncio.sleep(2)
        return "worked"

    agent = Hooked(Calls(tool="work"), tools=[work])
    async with joined(agent) as (session, caller):
        await caller.says("go")
        await until(lambda: inside)
        assert not in_tool()
        other = session.say("Something else.")  # by another task: it replaces the turn
        await other
        await caller.waits(4)  # the tool would be done by now
        assert caller.heard_text == "something else"
        agent.script.assert_done()
    assert inside == [True]
    [result] = [item for item in session.history if isinstance(item, FunctionResult)]
    assert "worked" not in result.output


async def test_u7_history_holds_what_was_heard_once_it_was_heard() -> None:
    async with scripted_call() as s:
        handle = s.session.say("One two three four five six.")
        await s.caller.hears("two")
        assert s.said == []
        await s.session.interrupt()
        [(role, text)] = s.said
        assert role == "assistant"
        assert text.startswith("One two")
        assert text.endswith("…")
        assert "five" not in text
        assert handle.interrupted

        unheard = s.session.say("Seven.")
        s.session.interrupt()
        await unheard
        assert len(s.said) == 1


async def test_defect_13_nothing_is_in_the_history_before_it_was_played() -> None:
    async with scripted_call() as s:
        s.session.say("Hello.")
        assert s.said == []
        await s.caller.hears("hello")
        await s.settles()
        assert s.said == [("assistant", "Hello.")]


async def test_u8_after_the_call_has_gone_it_is_skipped_and_after_the_end_refused() -> None:
    late: list[UtteranceHandle] = []

    async def goodbye(session: AgentSession) -> None:
        late.append(session.say("Goodbye."))
        late.append(await session.reply("Say goodbye."))

    agent = Hooked(on_exit=goodbye)
    async with joined(agent) as (session, caller):
        await caller.hangs_up()
        await session.wait()
        assert [handle.state for handle in late] == [SKIPPED, SKIPPED]
        with pytest.raises(RuntimeError) as refused:
            session.say("Hello?")
        assert isinstance(refused.value, SessionClosed)
        with pytest.raises(SessionClosed):
            await session.reply("Greet.")


async def test_u10_frames_for_a_model_without_vision_fail_the_handle() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    async with scripted_call() as s:
        handle = await s.session.reply("What is this?", frames=[picture])
        assert handle.state is FAILED
        assert isinstance(handle.exception(), ConfigurationError)
        assert s.llm.requests == []


async def test_u10_a_model_with_vision_gets_them_for_this_answer_only() -> None:
    class Seeing(ScriptedLLM):
        profile = LLMProfile(vision=True)

        def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
            return super().respond(request)

    picture = np.zeros((2, 2, 3), np.uint8)
    model = Seeing(["A wall.", "Yes."])
    async with joined(Hooked(llm=model)) as (session, _):
        await session.reply("What is this?", frames=[picture])
        await session.reply("Sure?")
    assert [len(request.frames) for request in model.requests] == [1, 0]


async def test_u11_reply_returns_after_the_last_sample_was_played() -> None:
    async with scripted_call("One two three four.") as s:
        await s.session.reply("Count.")
        assert s.caller.heard_text == "one two three four"
        last = s.caller.heard[-1].end
        assert now() == pytest.approx(last, abs=0.03)


async def test_defect_12_a_handle_that_has_ended_does_not_change() -> None:
    async with scripted_call() as s:
        handle = s.session.say("Hello.")
        await handle
        handle.interrupt()
        s.session.interrupt()
        assert not handle.interrupted
        assert handle.state is COMPLETED


class TestInterrupt:
    async def test_it_is_silent_within_100_ms_and_the_history_is_right_when_it_returns(self) -> None:
        async with scripted_call() as s:
            s.session.say("One two three four five six.")
            await s.caller.hears("two")
            asked = now()
            await s.session.interrupt()
            assert len(s.said) == 1
            assert 0 < now() - asked <= 0.1
            silent = s.caller.heard[-1].end
            await s.caller.waits(2)
            assert s.caller.heard[-1].end == silent <= asked + 0.1 + 0.04

    async def test_without_force_what_must_not_be_interrupted_stays(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with scripted_call() as s:
            first = s.session.say("One two three.", interruptible=False)
            second = s.session.say("Four.", policy="queue")
            await s.caller.hears("one")
            await s.session.interrupt()
            await second
            assert (first.state, second.state) == (COMPLETED, COMPLETED)
        assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
            "What is being said must not be interrupted"
        ]

    async def test_defect_12_force_stops_the_sound(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say("One two three.", interruptible=False)
            await s.caller.hears("one")
            await s.session.interrupt(force=True)
            assert handle.state is INTERRUPTED
            await s.caller.waits(2)
            assert "three" not in s.caller.heard_text

    async def test_where_nothing_is_said_nothing_happens(self) -> None:
        async with scripted_call() as s:
            began = now()
            await s.session.interrupt()
            assert now() == began
            assert s.session.agent_state is AgentState.IDLE


async def test_defect_23_a_reply_does_not_make_the_agent_deaf() -> None:
    lines = [Says(text="One two three four five six.", to="Count"), Says(text="Fine.", to="stop that")]
    async with scripted_call(*lines) as s:
        reply = meanwhile(s.session.reply("Count."))
        await s.caller.hears("two")
        await s.caller.says("stop that please")
        await s.caller.hears("fine")
        assert (await reply).interrupted


async def test_defect_24_a_guess_runs_no_tool_and_adds_nothing() -> None:
    from vision_agents.core.turns.settings import TurnHandling

    ran: list[str] = []

    async def order(what: str) -> str:
        """Order something."""
        ran.append(what)
        return "ordered"

    lines = [Calls(tool="order", arguments={"what": "tea"}), Says(text="Coffee then.", to="no wait coffee")]
    async with scripted_call(*lines, tools=[order], turn_handling=TurnHandling()) as s:
        await s.caller.says("tea")
        await s.caller.waits(0.17)  # long enough for a guess, too short for an answer
        asked = len(s.llm.requests)
        await s.caller.says("no wait coffee")
        await s.caller.hears("coffee then")
        assert (asked, ran) == (1, [])
        assert s.said[0] == ("user", "tea no wait coffee")


async def test_defect_25_an_utterance_is_done_by_its_own_last_sample() -> None:
    async with scripted_call() as s:
        first, second = s.session.say("One."), s.session.say("Two three four.", policy="queue")
        await first
        assert not second.done()
        assert "four" not in s.caller.heard_text
        await second
        assert s.caller.heard_text == "one two three four"


async def test_say_to_nobody_is_heard_by_nobody() -> None:
    agent = Hooked()
    session = AgentSession(agent, call_id="scene")
    await session.start()
    handle = session.say("Hello?")
    await handle
    assert handle.state is COMPLETED
    agent.loopback.join_as(User(id="late"), "scene")
    await agent.close()
