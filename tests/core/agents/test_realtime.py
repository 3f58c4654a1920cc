"""A model that hears and speaks by itself, behind the same session."""

import asyncio

import pytest

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import (
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    TurnMarksEvent,
    UserStateChangedEvent,
    UserTranscriptEvent,
    UserTurnEndedEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.plugin import LLMErrorEvent
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.speech.utterance import UtteranceState
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import (
    Calls,
    Fails,
    Quirks,
    RealtimeCall,
    Says,
    ScriptedRealtime,
    ScriptedSTT,
    ScriptedTTS,
    SimulatedCaller,
    realtime_call,
)

pytestmark = pytest.mark.virtual_time

COUNT = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."


def states(s: RealtimeCall) -> list[str]:
    """Both sides' states, in the order in which they changed."""
    return [
        f"{'user' if isinstance(event, UserStateChangedEvent) else 'agent'} {event.state.value}"
        for event in s.events
        if isinstance(event, UserStateChangedEvent | AgentStateChangedEvent)
    ]


class TestTurns:
    async def test_a_question_is_answered_in_the_models_voice(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="It is sunny.", to="weather"))) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("it is sunny")
            await s.settles()
            assert s.said == [("user", "how is the weather"), ("assistant", "It is sunny.")]
            assert [e.text for e in s.of(UserTranscriptEvent)] == ["how is the weather"]
            assert [e.spoken_text for e in s.of(AgentTurnEndedEvent)] == ["It is sunny."]

    async def test_state_t10_t11_t12_as_the_model_tells_them(self) -> None:
        async with realtime_call(ScriptedRealtime("Sunny.")) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("sunny")
            await s.settles()
            assert states(s)[-8:] == [
                "user speaking",
                "agent listening",
                "user idle",
                "agent thinking",
                "user listening",
                "agent speaking",
                "user idle",
                "agent idle",
            ]
            assert len(s.of(UserTurnStartedEvent)) == len(s.of(UserTurnEndedEvent)) == 1

    async def test_speech_that_the_model_does_not_answer_leaves_everybody_idle(self) -> None:
        async with realtime_call(ScriptedRealtime(quirks=Quirks(ignores=("hm",)))) as s:
            await s.caller.says("hm")
            await s.caller.waits(1)
            assert s.session.settled
            assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)

    async def test_a_late_transcript_stands_before_the_answer(self) -> None:
        async with realtime_call(ScriptedRealtime("Yes.", quirks=Quirks(transcript_delay=5))) as s:
            await s.caller.says("is it you")
            await s.caller.waits(7)
            assert s.said == [("user", "is it you"), ("assistant", "Yes.")]

    async def test_the_model_may_speak_up(self) -> None:
        async with realtime_call(ScriptedRealtime("By the way.")) as s:
            s.model.speaks_up()
            await s.caller.hears("by the way")
            await s.settles()
            assert s.said == [("assistant", "By the way.")]

    async def test_marks_tell_where_the_time_went(self) -> None:
        async with realtime_call(ScriptedRealtime("Sunny.")) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("sunny")
            (marks,) = s.of(TurnMarksEvent)
            order = ["speech_end", "end_of_turn", "llm_first_token", "tts_first_audio", "first_audio_played"]
            assert [name for name in marks.marks_ms if name in order] == order
            assert marks.response_delay_ms is not None
            assert 300 < marks.response_delay_ms < 500  # the model waits 300 ms for more

    async def test_one_of_two_speakers_is_heard(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="Sunny.", to="how is the weather"))) as s:
            assert isinstance(s.agent.edge, Edge)
            async with SimulatedCaller(s.agent.edge, user_id="other") as other:

                async def disturbs() -> None:
                    await other.waits(0.2)
                    await other.says("nonsense")

                await asyncio.gather(s.caller.says("how is the weather"), disturbs())
                await s.caller.waits(1)
                await s.settles()
                assert s.said == [("user", "how is the weather"), ("assistant", "Sunny.")]


class TestBargeIn:
    async def test_the_voice_stops_and_the_history_keeps_what_was_heard(self) -> None:
        async with realtime_call(ScriptedRealtime(COUNT, "Fine.")) as s:
            await s.caller.says("count")
            await s.caller.hears("four")
            await s.caller.says("stop it")
            await s.caller.hears("fine")
            await s.settles()
            kind, heard = s.said[1]
            assert kind == "assistant"
            assert COUNT.startswith(heard.rstrip("…"))
            assert heard.startswith("One two three four")
            assert "eight" not in heard
            assert s.said[2:] == [("user", "stop it"), ("assistant", "Fine.")]

    async def test_the_model_is_told_how_much_was_played(self) -> None:
        async with realtime_call(ScriptedRealtime(COUNT, "Fine.")) as s:
            await s.caller.says("count")
            await s.caller.hears("four")
            await s.caller.says("stop it")
            await s.caller.hears("fine")
            (given_up,) = [item for item in s.model.log.given_up if item.played]
            cut = s.of(AgentTurnEndedEvent)[0]
            assert given_up.played == pytest.approx(cut.played_ms / 1000, abs=0.001)
            assert given_up.heard == cut.spoken_text

    async def test_silence_follows_the_first_word_at_once(self) -> None:
        async with realtime_call(ScriptedRealtime(COUNT, "Fine.")) as s:
            await s.caller.says("count")
            await s.caller.hears("four")
            began = asyncio.get_running_loop().time()
            await s.caller.says("stop it now please")
            assert s.caller.heard[-1].end - began < 0.2
            await s.caller.hears("fine")

    async def test_what_must_not_be_interrupted_is_heard_in_full_and_then_the_answer(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="This call is recorded.", to=""), "Fine.")) as s:
            handle = s.session.say("This call is recorded.", interruptible=False)
            await s.caller.hears("this")
            await s.caller.says("ok")
            await s.caller.hears("this call is recorded")
            await s.caller.hears("fine")
            await handle
            assert handle.state is UtteranceState.COMPLETED

    async def test_interrupt_cuts_a_tool_and_the_model_learns_of_it(self) -> None:
        async def look_up() -> str:
            """Look it up."""
            await asyncio.sleep(60)
            return "never"

        async with realtime_call(ScriptedRealtime(Calls(tool="look_up"), "Fine."), tools=[look_up]) as s:
            await s.caller.says("look it up")
            await s.caller.waits(1)
            await s.caller.says("never mind")
            await s.caller.hears("fine")
            (result,) = [item for item in s.model.log.added if isinstance(item, FunctionResult)]
            assert result.is_error


class TestAsked:
    async def test_reply_carries_its_instructions_and_leaves_no_trace_of_them(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="Hello you.", to="Greet"))) as s:
            handle = await s.session.reply("Greet the caller.")
            assert handle.state is UtteranceState.COMPLETED
            assert s.said == [("assistant", "Hello you.")]
            assert s.model.log.requests == ["Greet the caller."]

    async def test_u9_reply_without_audio_fails_within_a_bound(self) -> None:
        model = ScriptedRealtime(Says(text="Nothing.", stuck=True), quirks=Quirks(mute=True))
        async with realtime_call(model, deadlines=Deadlines(model_silence=3)) as s:
            handle = await s.session.reply("Greet the caller.")
            assert handle.state is UtteranceState.FAILED
            assert isinstance(handle.exception(), ProviderError)
            assert s.session.agent_state is AgentState.IDLE
            assert s.of(LLMErrorEvent)

    async def test_u9_text_without_audio_is_a_failure(self) -> None:
        async with realtime_call(ScriptedRealtime("Hello.", quirks=Quirks(mute=True))) as s:
            handle = await s.session.reply("Greet the caller.")
            assert handle.state is UtteranceState.FAILED

    async def test_u9_an_expected_answer_that_never_comes_fails_too(self) -> None:
        model = ScriptedRealtime(Says(text="Late.", first_token=100))
        async with realtime_call(model, deadlines=Deadlines(model_silence=3)) as s:
            await s.caller.says("hello")
            await s.caller.waits(5)
            assert s.of(LLMErrorEvent)
            assert s.session.agent_state is AgentState.IDLE

    async def test_say_without_a_synthesiser_is_not_verbatim(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="Good day!", to="Hello."))) as s:
            handle = s.session.say("Hello.")
            await handle
            assert not handle.verbatim
            assert s.said == [("assistant", "Good day!")]

    async def test_a_failing_answer_tells_and_the_next_works(self) -> None:
        error = ProviderError("Overloaded.", provider="scripted", stage="llm")
        async with realtime_call(ScriptedRealtime(Fails(error=error), "Fine.")) as s:
            await s.caller.says("hello")
            await s.caller.waits(1)
            assert [e.error_message for e in s.of(LLMErrorEvent)] == ["Overloaded."]
            await s.caller.says("again")
            await s.caller.hears("fine")


class TestTools:
    async def test_a_tool_runs_once_and_its_result_is_answered(self) -> None:
        cities: list[str] = []

        async def weather(city: str) -> str:
            """Tell the weather."""
            cities.append(city)
            return "sunny"

        lines = (Calls(tool="weather", arguments={"city": "Paris"}), Says(text="It is sunny.", to="sunny"))
        async with realtime_call(ScriptedRealtime(*lines), tools=[weather]) as s:
            await s.caller.says("weather in paris")
            await s.caller.hears("it is sunny")
            await s.settles()
            assert cities == ["Paris"]
            kinds = [type(item).__name__ for item in s.session.history]
            assert kinds == ["Message", "FunctionCall", "FunctionResult", "Message"]
            assert [type(item) for item in s.model.log.added] == [FunctionResult]
            assert not any(isinstance(item, FunctionCall) for item in s.model.log.added)

    async def test_u2_what_a_tool_says_is_heard_before_the_answer(self) -> None:
        async def look_up() -> str:
            """Look it up."""
            assert s.agent.session is not None
            await s.agent.session.say("One moment.")
            return "blue"

        lines = (
            Calls(tool="look_up"),
            Says(text="One moment.", to="One moment."),
            Says(text="Blue.", to="blue"),
        )
        async with realtime_call(ScriptedRealtime(*lines), tools=[look_up]) as s:
            await s.caller.says("which colour")
            await s.caller.hears("one moment")
            await s.caller.hears("blue")
            await s.settles()
            assert s.caller.heard_text == "one moment blue"


class TestHybrids:
    async def test_hybrid_stt_a_recogniser_hears_for_the_model(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="Sunny.", to="weather")), stt=ScriptedSTT()) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("sunny")
            await s.settles()
            assert s.said == [("user", "how is the weather"), ("assistant", "Sunny.")]
            (setup,) = s.model.log.setups
            assert (setup.hears, setup.speaks) == (False, True)

    async def test_hybrid_stt_cuts_as_the_cascade_does(self) -> None:
        async with realtime_call(ScriptedRealtime(COUNT, "Fine."), stt=ScriptedSTT()) as s:
            await s.caller.says("count")
            await s.caller.hears("four")
            await s.caller.says("stop it now")
            await s.caller.hears("fine")
            await s.settles()
            assert s.said[1][1].endswith("…")
            assert [item.played > 0 for item in s.model.log.given_up] == [True]

    async def test_hybrid_tts_a_synthesiser_speaks_for_the_model(self) -> None:
        tts = ScriptedTTS()
        async with realtime_call(ScriptedRealtime("It is sunny. Very."), tts=tts) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("it is sunny very")
            await s.settles()
            assert tts.sentences == ["It is sunny.", "Very."]
            assert s.said == [("user", "how is the weather"), ("assistant", "It is sunny. Very.")]
            assert not s.model.log.setups[0].speaks

    async def test_hybrid_tts_says_the_exact_words_and_the_model_learns_them(self) -> None:
        async with realtime_call(ScriptedRealtime("Fine."), tts=ScriptedTTS()) as s:
            handle = s.session.say("Hello there.")
            await handle
            assert handle.verbatim
            await s.session.reply("Ask how they are.")
            assert [getattr(item, "text", "") for item in s.model.log.added] == ["Hello there."]

    async def test_a_recogniser_and_a_synthesiser_around_it_make_it_a_model_of_text(self) -> None:
        model = ScriptedRealtime(Says(text="Sunny.", to="weather"))
        async with realtime_call(model, stt=ScriptedSTT(), tts=ScriptedTTS()) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("sunny")
            await s.settles()
            assert s.said == [("user", "how is the weather"), ("assistant", "Sunny.")]


class TestConnection:
    async def test_a_lost_connection_is_opened_again_with_the_history(self) -> None:
        async with realtime_call(ScriptedRealtime("Sunny.", "Yes.")) as s:
            await s.caller.says("how is the weather")
            await s.caller.hears("sunny")
            await s.settles()
            s.model.breaks()
            await s.caller.waits(1)
            assert len(s.of(LLMErrorEvent)) == 1
            await s.caller.says("really")
            await s.caller.hears("yes")
            texts = [getattr(item, "text", "") for item in s.model.log.setups[1].items]
            assert texts == ["how is the weather", "Sunny."]

    async def test_an_answer_that_was_under_way_fails(self) -> None:
        async with realtime_call(ScriptedRealtime(Says(text="Late.", first_token=2))) as s:
            await s.caller.says("hello")
            await s.caller.waits(1)
            s.model.breaks()
            await s.caller.waits(1)
            assert s.session.settled

    async def test_a_model_that_cannot_be_reached_fails_the_join_with_its_own_error(self) -> None:
        error = ProviderError("No such key.", provider="scripted", stage="llm", status=401)
        with pytest.raises(ProviderError, match="No such key"):
            async with realtime_call(ScriptedRealtime(refuses=[error])):
                pass
