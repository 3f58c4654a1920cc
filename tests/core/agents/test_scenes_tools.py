"""Tools that talk, ask, wait, fail, and will not end."""

import asyncio

import pytest
from tests.core.agents.scene_parts import MoodyVoice, calls, meanwhile, now, played_call, results

from vision_agents.core.events.agent import AgentTurnEndedEvent, AgentTurnStartedEvent
from vision_agents.core.events.plugin import ErrorEvent, ToolEndEvent, ToolStartEvent
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.testing import Calls, Says, scripted_call

pytestmark = pytest.mark.virtual_time


async def lookup() -> str:
    """Look it up."""
    await asyncio.sleep(3)
    return "there"


class TestTextBeforeATool:
    async def test_it_is_heard_while_the_tool_runs(self) -> None:
        async with played_call(["Let me look. ", calls("lookup")], ["Found it."], tools=[lookup]) as s:
            await s.caller.says("where is it")
            asked = now()
            await s.caller.hears("let me look")
            assert now() < asked + 2
            await s.caller.hears("let me look found it")
            await s.settles()
            assert s.said == [("user", "where is it"), ("assistant", "Let me look. Found it.")]

    async def test_so_it_is_without_a_mark_at_its_end(self) -> None:
        async with played_call(["Let me look", calls("lookup")], ["Found it."], tools=[lookup]) as s:
            await s.caller.says("where is it")
            await s.caller.hears("let me look", within=2)
            await s.caller.hears("let me look found it")
            await s.settles()

    async def test_the_model_is_told_what_it_said_before_the_tool(self) -> None:
        async with played_call(["Let me look. ", calls("lookup")], ["Found it."], tools=[lookup]) as s:
            await s.caller.says("where is it")
            await s.settles()
            shown = [getattr(item, "text", type(item).__name__) for item in s.llm.requests[1].items]
            assert [text.strip() for text in shown] == [
                "where is it", "Let me look.", "FunctionCall", "FunctionResult",
            ]  # fmt: skip

    async def test_a_say_of_the_tool_comes_after_it_and_before_the_answer(self) -> None:
        async with played_call(["Let me look. ", calls("look")], ["Found it."]) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                await s.session.say("One moment.")
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("let me look one moment found it", within=10)
            await s.settles()
            assert results(s) == ["there"]
            started = [event.utterance_id for event in s.of(AgentTurnStartedEvent)]
            ended = [event.utterance_id for event in s.of(AgentTurnEndedEvent)]
            assert sorted(started) == sorted(ended)
            assert len(started) == 2

    async def test_a_voice_that_breaks_meanwhile_leaves_no_call_without_a_result(self) -> None:
        voice = MoodyVoice(late={"Let me look.": 1}, broken={"Let me look.": (0, OSError("gone"))})
        async with played_call(["Let me look. ", calls("lookup")], tts=voice, tools=[lookup]) as s:
            await s.caller.says("where is it")
            await s.settles()
            called = [item.id for item in s.session.history if isinstance(item, FunctionCall)]
            told = [item.call_id for item in s.session.history if isinstance(item, FunctionResult)]
            assert called == told == ["call-lookup"]

    async def test_what_the_tool_says_does_not_wait_for_a_voice_that_broke(self) -> None:
        voice = MoodyVoice(broken={"Let me look.": (0, OSError("gone"))})
        async with played_call(["Let me look. ", calls("look")], tts=voice) as s:
            handles: list[UtteranceHandle] = []

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                handles.append(s.session.say("One moment."))
                await handles[0]
                return "there"

            await s.caller.says("where is it")
            await s.settles(within=30)
            assert handles[0].done()


class TestToolsThatSpeak:
    async def test_say_does_not_wait_for_the_turn_that_called_the_tool(self) -> None:
        async with scripted_call(Calls(tool="look"), Says(text="Found.", to="there")) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                for text in ("One.", "Two.", "Three."):
                    await s.session.say(text)
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("one two three found")
            await s.settles()
            assert [text for who, text in s.said if who == "assistant"] == [
                "One.",
                "Two.",
                "Three.",
                "Found.",
            ]

    async def test_say_without_waiting_goes_first_too(self) -> None:
        async with scripted_call(Calls(tool="look"), Says(text="Found.", to="there")) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                s.session.say("One moment please.")
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("one moment please found")
            await s.settles()

    async def test_a_tool_that_says_something_and_fails(self) -> None:
        async with scripted_call(Calls(tool="look"), Says(text="Sorry.", to="OSError")) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                await s.session.say("One moment.")
                raise OSError("gone")

            await s.caller.says("where is it")
            await s.caller.hears("one moment sorry")
            await s.settles()

    async def test_reply_is_answered_after_the_present_answer(self) -> None:
        handles: list[UtteranceHandle] = []
        async with scripted_call(
            Calls(tool="look"), Says(text="Found.", to="there"), Says(text="More.", to="Say more.")
        ) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                handles.append(await s.session.reply("Say more."))
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("found more")
            await s.settles()
            assert [handle.state for handle in handles] == [UtteranceState.COMPLETED]

    async def test_two_replies_of_one_tool_are_two_answers_in_order(self) -> None:
        async with scripted_call(
            Calls(tool="look"),
            Says(text="Found.", to="there"),
            Says(text="First.", to="Say the first."),
            Says(text="Second.", to="Say the second."),
        ) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                first = await s.session.reply("Say the first.")
                second = await s.session.reply("Say the second.")
                assert first is not second
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("found first second")
            await s.settles()

    async def test_simple_response_does_not_cut_the_turn_that_called_the_tool(self) -> None:
        async with scripted_call(
            Calls(tool="look"), Says(text="Found.", to="there"), Says(text="More.", to="Say more.")
        ) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                await s.agent.simple_response("Say more.")
                await asyncio.sleep(0.2)
                return "there"

            await s.caller.says("where is it")
            await s.caller.hears("found more")
            await s.settles()
            assert results(s) == ["there"]

    async def test_awaiting_an_answer_that_waits_for_the_tool_raises(self) -> None:
        async with scripted_call(
            Calls(tool="look"), Says(text="Found.", to="RuntimeError"), Says(text="More.")
        ) as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                await (await s.session.reply("Say more."))
                return "never"

            await s.caller.says("where is it")
            await s.caller.hears("found more")
            await s.settles()

    async def test_awaiting_the_very_answer_that_called_the_tool_raises(self) -> None:
        handles: list[UtteranceHandle] = []
        async with scripted_call(Calls(tool="look"), "Found.") as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                await handles[0]
                return "never"

            handles.append(await s.session.reply("Look for it.", wait_for_playback=False))
            await s.caller.hears("found")
            await s.settles()
            assert results(s) == ["The tool failed (RuntimeError)."]
            assert handles[0].state is UtteranceState.COMPLETED

    async def test_a_task_that_a_tool_left_behind_may_wait_for_the_answer(self) -> None:
        heard: list[str] = []
        handles: list[UtteranceHandle] = []
        tasks: list[asyncio.Task[None]] = []

        async def waits() -> None:
            await asyncio.sleep(0.5)
            await handles[0]
            heard.append(handles[0].spoken_text)

        async with scripted_call(Calls(tool="look"), "Found it over there.") as s:

            @s.agent.llm.register_function(description="Look.")
            async def look() -> str:
                tasks.append(meanwhile(waits()))
                return "there"

            handles.append(await s.session.reply("Look for it.", wait_for_playback=False))
            await s.settles()
            await asyncio.gather(*tasks)
            assert heard == ["Found it over there."]


class TestToolsThatAreCut:
    async def test_a_tool_that_ignores_being_cancelled_does_not_hold_up_the_next_turn(self) -> None:
        async def stubborn() -> str:
            """Take long, whatever happens."""
            end = now() + 6
            while now() < end:
                try:
                    await asyncio.sleep(end - now())
                except asyncio.CancelledError:
                    continue
            return "late"

        async with scripted_call(
            Calls(tool="stubborn"), Says(text="Here.", to="are you there"), tools=[stubborn]
        ) as s:
            await s.caller.says("do it")
            await s.caller.waits(1)
            s.session.interrupt()
            await s.caller.says("are you there")
            await s.caller.hears("here", within=3)
            await s.caller.waits(8)
            assert s.caller.heard_text == "here"
            assert s.of(ErrorEvent) == []
            assert len(results(s)) == 1

    async def test_the_end_of_a_tool_that_was_cut_is_told(self) -> None:
        async with scripted_call(Calls(tool="lookup"), tools=[lookup]) as s:
            await s.caller.says("where is it")
            await s.caller.waits(1)
            s.session.interrupt()
            await s.settles()
            started = [event.tool_call_id for event in s.of(ToolStartEvent)]
            ended = [(event.tool_call_id, event.success) for event in s.of(ToolEndEvent)]
            assert ended == [(started[0], False)]

    async def test_a_tool_may_cut_what_is_said(self) -> None:
        async with played_call(["I look and look and look and look. ", calls("hush")], tools=[]) as s:

            @s.agent.llm.register_function(description="Hush.")
            async def hush() -> str:
                await asyncio.sleep(0.5)
                s.session.interrupt()
                return "done"

            await s.caller.says("where is it")
            await s.settles()
            [ended] = s.of(AgentTurnEndedEvent)
            assert ended.interrupted

    async def test_a_tool_may_end_the_call(self) -> None:
        async with scripted_call(Calls(tool="bye")) as s:

            @s.agent.llm.register_function(description="Say good bye and hang up.")
            async def bye() -> str:
                await s.session.say("Good bye.")
                await s.session.close(Reason.HANGUP)
                return "gone"

            await s.caller.says("that is all")
            await s.caller.hears("good bye")
            heard = now()
            await s.session.wait()
            assert now() < heard + 1
            assert s.session.status is SessionStatus.CLOSED
            assert s.session.close_reason is not None
            assert s.session.close_reason.reason is Reason.HANGUP


class TestSeveralTools:
    async def test_they_run_in_the_order_in_which_they_were_asked_for(self) -> None:
        ran: list[str] = []

        async def first() -> str:
            """Be first."""
            await asyncio.sleep(1)
            ran.append("first")
            return "1"

        def second() -> str:
            """Be second."""
            ran.append("second")
            return "2"

        async with played_call([calls("first"), calls("second")], ["Both."], tools=[first, second]) as s:
            await s.caller.says("do both")
            await s.caller.hears("both")
            await s.settles()
            assert ran == ["first", "second"]
            assert results(s) == ["1", "2"]

    async def test_cut_in_the_first_the_second_never_runs(self) -> None:
        ran: list[str] = []

        async def first() -> str:
            """Be first."""
            await asyncio.sleep(5)
            return "1"

        def second() -> str:
            """Be second."""
            ran.append("second")
            return "2"

        async with played_call([calls("first"), calls("second")], tools=[first, second]) as s:
            await s.caller.says("do both")
            await s.caller.waits(1)
            s.session.interrupt()
            await s.settles()
            assert ran == []
            kinds = [type(item).__name__ for item in s.session.history]
            assert kinds == ["Message", "FunctionCall", "FunctionResult"]

    async def test_a_model_that_asks_for_ever_is_stopped_and_the_caller_can_go_on(self) -> None:
        async def again() -> str:
            """Do it again."""
            return "again"

        async with played_call(*([calls("again")] for _ in range(8)), ["Here."], tools=[again]) as s:
            await s.caller.says("do it")
            await s.settles()
            assert len(results(s)) == 8
            assert len(s.of(ErrorEvent)) == 1
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_a_tool_that_does_not_exist_is_told_to_the_model(self) -> None:
        async with played_call([calls("nothing")], ["Sorry."]) as s:
            await s.caller.says("do it")
            await s.caller.hears("sorry")
            await s.settles()
            assert "nothing" in results(s)[0]
