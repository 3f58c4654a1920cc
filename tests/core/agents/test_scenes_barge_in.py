"""Somebody speaks while the agent is at work: at every stage, and over a voice that is held."""

import asyncio
from contextlib import suppress

import pytest
from tests.core.agents.scene_parts import (
    Ear,
    MoodyVoice,
    calls,
    edge_of,
    meanwhile,
    now,
    played_call,
    results,
    until,
)

from vision_agents.core.events.agent import AgentTurnEndedEvent, AgentTurnStartedEvent
from vision_agents.core.events.plugin import ToolStartEvent
from vision_agents.core.speech.utterance import UtteranceState
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedSTT,
    ScriptedTTS,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen. Fifteen sixteen."


class TestAtEachStage:
    async def test_while_the_recogniser_is_at_work(self) -> None:
        async with scripted_call(
            Says(text="Two towns.", to="tell me about paris and rome"), stt=ScriptedSTT(delay=0.6)
        ) as s:
            await s.caller.says("tell me about paris")
            await s.caller.waits(0.4)
            await s.caller.says("and rome")
            await s.caller.hears("two towns")
            await s.settles()
            assert s.said[0] == ("user", "tell me about paris and rome")

    async def test_while_the_model_has_not_begun(self) -> None:
        async with scripted_call(
            Says(text="Paris.", first_token=4), Says(text="Rome.", to="no i mean rome")
        ) as s:
            await s.caller.says("tell me about paris")
            await s.caller.waits(1)
            assert s.session.agent_state is AgentState.THINKING
            await s.caller.says("no i mean rome")
            await s.caller.hears("rome")
            await s.settles()
            assert s.caller.heard_text == "rome"
            assert s.llm.abandoned == 1

    async def test_between_two_words_of_the_model(self) -> None:
        async with scripted_call(
            Says(text="The town of Paris.", token=1), Says(text="Rome.", to="no i mean rome")
        ) as s:
            await s.caller.says("tell me about paris")
            await s.caller.waits(2)
            await s.caller.says("no i mean rome")
            await s.caller.hears("rome")
            await s.settles()
            assert s.caller.heard_text == "rome"
            assert s.tts.sentences == ["Rome."]

    async def test_while_the_synthesiser_has_not_begun(self) -> None:
        voice = MoodyVoice(late={"Paris it is.": 3})
        async with scripted_call("Paris it is.", Says(text="Rome.", to="no i mean rome"), tts=voice) as s:
            await s.caller.says("tell me about paris")
            await s.caller.waits(1)
            await s.caller.says("no i mean rome")
            await s.caller.hears("rome")
            await s.settles()
            assert s.caller.heard_text == "rome"
            assert [text for who, text in s.said if who == "assistant"] == ["Rome."]

    async def test_in_the_first_frame(self) -> None:
        async with scripted_call(COUNT, Says(text="All right.", to="wait i have more to say")) as s:
            await s.caller.says("count")
            await until(lambda: s.of(AgentTurnStartedEvent))
            began = now()
            await s.caller.says("wait i have more to say")
            assert s.caller.heard[0].end < began + 1.0
            await s.caller.hears("all right")
            await s.settles()
            first, second = s.of(AgentTurnEndedEvent)
            assert (first.interrupted, second.interrupted) == (True, False)
            assert s.said[1] == ("assistant", f"{first.spoken_text}…")

    async def test_in_the_last_frame(self) -> None:
        async with scripted_call("One two three.", Says(text="All right.", to="and then what comes")) as s:
            await s.caller.says("count")
            await s.caller.hears("two thr")
            await s.caller.says("and then what comes")
            await s.caller.hears("all right")
            await s.settles()
            assert s.said[1] == ("assistant", "One two three.")
            assert s.caller.heard_text == "one two three all right"
            assert [e.interrupted for e in s.of(AgentTurnEndedEvent)] == [False, False]

    async def test_in_the_gap_between_two_sentences(self) -> None:
        voice = MoodyVoice(late={"Three four.": 3})
        async with scripted_call(
            "One two. Three four.", Says(text="All right.", to="stop counting now please"), tts=voice
        ) as s:
            await s.caller.says("count")
            await s.caller.hears("one two")
            await s.caller.waits(1)
            await s.caller.says("stop counting now please")
            await s.caller.hears("all right")
            await s.settles()
            assert s.caller.heard_text == "one two all right"
            assert s.said[1] == ("assistant", "One two.…")

    async def test_during_a_tool_in_a_thread(self) -> None:
        def look() -> str:
            """Look."""
            return "there"

        async with played_call(
            ["Let me look. ", 0.1, calls("look"), 2.0], ["Never mind."], tools=[look]
        ) as s:
            await s.caller.says("where is it")
            await s.caller.hears("let me look")
            await s.caller.says("forget about it please")
            await s.caller.hears("never mind")
            await s.settles()
            assert s.caller.heard_text == "let me look never mind"

    async def test_in_the_text_before_a_tool_that_has_not_been_asked_for_yet(self) -> None:
        def book() -> str:
            """Book."""
            return "booked"

        async with played_call(
            ["I will now book the flight to Rome for you. ", 5.0, calls("book")], ["All right."], tools=[book]
        ) as s:
            await s.caller.says("book it")
            await s.caller.hears("book the")
            await s.caller.says("no no stop that at once")
            await s.caller.hears("all right")
            await s.settles()
            assert not s.of(ToolStartEvent)
            assert results(s) == []
            assert s.said[1][1].startswith("I will now book the")
            assert s.said[1][1].endswith("…")

    async def test_in_the_text_before_a_tool_that_runs(self) -> None:
        async def book() -> str:
            """Book."""
            await asyncio.sleep(20)
            return "booked"

        async with played_call(
            ["I will now book the flight to Rome for you. ", calls("book")], ["All right."], tools=[book]
        ) as s:
            await s.caller.says("book it")
            await s.caller.hears("book the")
            await s.caller.says("no no stop that at once")
            await s.caller.hears("all right")
            await s.settles()
            assert results(s) == ["The user interrupted before the result came."]
            kinds = [type(item).__name__ for item in s.session.history]
            assert kinds == ["Message", "FunctionCall", "FunctionResult", "Message", "Message", "Message"]

    async def test_speech_cuts_what_waits_too(self) -> None:
        async with scripted_call(Says(text="All right.", to="stop it right now please")) as s:
            first = await s.agent.say(COUNT)
            second = await s.agent.say("Seventeen.")
            await s.caller.hears("two")
            await s.caller.says("stop it right now please")
            await s.caller.hears("all right")
            await s.settles()
            assert (first.state, second.state) == (UtteranceState.INTERRUPTED, UtteranceState.SKIPPED)
            assert "seventeen" not in s.caller.heard_text

    async def test_a_long_voice_without_words_cuts_too_and_the_next_question_is_answered(self) -> None:
        async with scripted_call(COUNT, Says(text="Here.", to="are you there")) as s:
            await s.caller.says("count")
            await s.caller.hears("two")
            await s.caller.mumbles(3)
            await s.settles()
            [cut] = s.of(AgentTurnEndedEvent)
            assert cut.interrupted
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_a_voice_that_was_cut_short_by_silence_on_the_line_is_not_one_stretch_with_the_next(
        self,
    ) -> None:
        """A cough, three seconds without a frame, and a word are no three seconds of speech."""
        async with scripted_call() as s:
            handle = s.session.say(COUNT)
            s.caller.mutes()
            await s.caller.hears("one")
            await s.caller.mumbles(0.08)
            await s.caller.waits(3)
            await s.caller.mumbles(0.2)
            await handle
            assert handle.state is UtteranceState.COMPLETED


class TestWhileTheVoiceIsHeld:
    async def test_words_cut_it(self) -> None:
        async with scripted_call(COUNT, Says(text="All right.", to="please stop counting now")) as s:
            await s.caller.says("count")
            await s.caller.hears("two")
            await s.caller.says("please stop counting now")
            await s.caller.hears("all right")
            await s.settles()
            [cut, _] = s.of(AgentTurnEndedEvent)
            heard = s.caller.heard_text.removesuffix(" all right").split()
            assert abs(len(heard) - len(cut.spoken_text.split())) <= 1

    async def test_twice_in_one_answer_no_word_is_lost(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            await s.caller.mumbles(0.7)
            await s.caller.hears("seven")
            await s.caller.mumbles(0.7)
            await handle
            words = COUNT.lower().replace(".", "").split()
            heard = [word for word in s.caller.heard_text.split() if word in words]
            assert list(dict.fromkeys(heard)) == words
            assert handle.spoken_text == COUNT

    async def test_what_was_heard_before_stays_heard_when_it_is_cut_after_it_went_on(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say("Wonderful adventures everywhere. And more.")
            await s.caller.hears("wonderfu")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.62):
                    await s.caller.mumbles(0.6)
            await until(lambda: len(s.caller.heard) == 2)
            handle.interrupt()
            assert handle.spoken_text.startswith("Wonderful"), s.caller.heard

    async def test_hanging_up_ends_it(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            holding = meanwhile(s.caller.mumbles(1.5))
            await s.caller.waits(0.8)
            await s.caller.hangs_up()
            await s.session.wait()
            await holding
            assert handle.interrupted
            assert s.said == [("assistant", f"{handle.spoken_text}…")]
            assert handle.spoken_text.startswith("One two")

    async def test_closing_ends_it(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            holding = meanwhile(s.caller.mumbles(1.5))
            await s.caller.waits(0.8)
            await s.session.close()
            await holding
            assert handle.interrupted
            assert s.said == [("assistant", f"{handle.spoken_text}…")]

    async def test_session_say_takes_its_place(self) -> None:
        async with scripted_call() as s:
            first = s.session.say(COUNT)
            await s.caller.hears("two")
            await s.caller.mumbles(0.6)
            assert not first.done()
            second = s.session.say("Something else.")
            await second
            assert first.interrupted
            assert second.state is UtteranceState.COMPLETED
            assert s.caller.heard_text.endswith("something else")

    async def test_agent_say_comes_after_it(self) -> None:
        async with scripted_call() as s:
            await s.agent.say("One two three four five six seven.")
            await s.caller.hears("two")
            holding = meanwhile(s.caller.mumbles(0.8))
            await s.caller.waits(0.7)
            second = await s.agent.say("Eight.")
            await second
            await holding
            assert s.said == [("assistant", "One two three four five six seven."), ("assistant", "Eight.")]
            assert s.caller.heard_text.endswith("six seven eight")

    async def test_interrupting_by_the_application_leaves_nothing_of_it(self) -> None:
        async with scripted_call(Says(text="Here.", to="are you there")) as s:
            handle = s.session.say(COUNT)
            await s.caller.hears("two")
            holding = meanwhile(s.caller.mumbles(0.8))
            await s.caller.waits(0.7)
            s.session.interrupt()
            await handle
            await holding
            await s.settles()
            assert handle.interrupted
            heard = s.caller.heard_text
            await s.caller.says("are you there")
            await s.caller.hears("here")
            assert s.caller.heard_text == f"{heard} here"
            await s.settles()

    async def test_who_holds_it_leaves_and_it_goes_on(self) -> None:
        async with scripted_call() as s:
            ear = Ear(edge_of(s))
            handle = s.session.say("One two three four five six seven eight nine ten.")
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                await asyncio.sleep(0.8)
                holding = meanwhile(second.mumbles(1.5))
                await asyncio.sleep(0.8)
                silent_since = ear.last_sound
                assert silent_since < now() - 0.1
            holding.cancel()
            async with asyncio.timeout(10):
                await handle
            assert handle.state is UtteranceState.COMPLETED
            assert ear.words.endswith("nine ten")
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)

    async def test_two_hold_it_and_it_goes_on_when_both_are_done(self) -> None:
        async with scripted_call() as s:
            ear = Ear(edge_of(s))
            handle = s.session.say("One two three four five six seven eight nine ten.")
            async with SimulatedCaller(edge_of(s), user_id="second") as second:
                await asyncio.sleep(0.8)
                first = meanwhile(s.caller.mumbles(0.8))
                await asyncio.sleep(0.5)
                await second.mumbles(1.2)
                assert ear.last_sound < now() - 0.5
                await first
                await handle
            assert handle.spoken_text == "One two three four five six seven eight nine ten."
            assert ear.words.endswith("eight nine ten")

    async def test_in_the_last_word_nothing_is_lost_and_nothing_waits_for_ever(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say("One two three four five.")
            await s.caller.hears("three")
            await s.caller.mumbles(0.9)
            async with asyncio.timeout(10):
                await handle
            assert handle.spoken_text == "One two three four five."
            assert s.caller.heard_text.endswith("five")

    async def test_the_voice_breaks_meanwhile_and_what_is_there_is_heard(self) -> None:
        voice = MoodyVoice(late={"Six.": 1.0}, broken={"Six.": (0, OSError("gone"))})
        async with scripted_call(tts=voice) as s:
            handle = s.session.say("One two three four five. Six.")
            await s.caller.hears("two")
            await s.caller.mumbles(0.8)
            async with asyncio.timeout(10):
                await handle
            assert handle.state is UtteranceState.FAILED
            assert handle.spoken_text == "One two three four five."
            assert s.caller.heard_text.endswith("four five")

    async def test_a_tool_is_not_disturbed_by_a_cough(self) -> None:
        async def look() -> str:
            """Look."""
            await asyncio.sleep(3)
            return "there"

        async with scripted_call(Calls(tool="look"), Says(text="Found.", to="there"), tools=[look]) as s:
            await s.caller.says("where is it")
            await s.caller.waits(1)
            await s.caller.mumbles(0.1)
            await s.caller.hears("found")
            await s.settles()
            assert results(s) == ["there"]


async def test_a_slow_voice_is_silent_between_sentences_and_no_sentence_is_lost() -> None:
    async with scripted_call(tts=ScriptedTTS(delay=1.5)) as s:
        handle = s.session.say("One. Two. Three.")
        await handle
        assert s.caller.heard_text == "one two three"
        assert len(s.of(AgentTurnStartedEvent)) == 1
