"""Conversations, as the caller hears them."""

import asyncio

import pytest

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.events.agent import (
    AgentCaptionEvent,
    AgentTurnEndedEvent,
    AgentTurnStartedEvent,
    TurnMarksEvent,
    UserTranscriptEvent,
)
from vision_agents.core.events.plugin import (
    LLMErrorEvent,
    STTErrorEvent,
    TTSErrorEvent,
)
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

LONG = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen. Fifteen sixteen."


async def test_a_question_is_answered() -> None:
    async with scripted_call(Says(text="It is sunny. Take a hat.", to="how is the weather")) as s:
        await s.caller.says("How is the weather?")
        await s.caller.hears("it is sunny take a hat")
        await s.settles()
        assert s.said == [("user", "how is the weather"), ("assistant", "It is sunny. Take a hat.")]
        assert [event.text for event in s.of(UserTranscriptEvent)] == ["how is the weather"]
        [ended] = s.of(AgentTurnEndedEvent)
        assert (ended.interrupted, ended.spoken_text) == (False, "It is sunny. Take a hat.")


async def test_two_questions_are_two_turns() -> None:
    async with scripted_call(Says(text="Fine.", to="how are you"), Says(text="Bye.", to="see you")) as s:
        await s.caller.says("how are you")
        await s.caller.hears("fine")
        await s.caller.waits(1)
        await s.caller.says("see you")
        await s.caller.hears("bye")
        await s.settles()
        assert [who for who, _ in s.said] == ["user", "assistant", "user", "assistant"]


async def test_speech_over_the_answer_cuts_it_and_the_history_keeps_what_was_heard() -> None:
    async with scripted_call(Says(text=LONG), Says(text="All right.", to="stop it right now please")) as s:
        await s.caller.says("count")
        await s.caller.hears("three four")
        await s.caller.says("stop it right now please")
        await s.caller.hears("all right")
        await s.settles()
        (_, _), (_, cut), (_, question), (_, answer) = s.said
        assert cut.startswith("One two three four five.")
        assert cut.endswith("…")
        heard = s.caller.heard_text.split("all right")[0].split()
        assert abs(len(cut.split()) - len(heard)) <= 1, (cut, heard)
        assert (question, answer) == ("stop it right now please", "All right.")
        assert [e.interrupted for e in s.of(AgentTurnEndedEvent)] == [True, False]


async def test_silence_comes_within_a_second_of_the_first_interrupting_sample() -> None:
    async with scripted_call(Says(text=LONG), "Yes.") as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        began = asyncio.get_running_loop().time()
        await s.caller.says("wait a moment i have another question")
        cut = s.caller.heard[0]
        assert began < cut.end < began + 1.0
        await s.settles()


async def test_a_cough_does_not_cut_the_answer() -> None:
    async with scripted_call("One two three four five. Six seven eight.") as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        await s.caller.mumbles(0.3)
        await s.settles()
        assert s.said[1] == ("assistant", "One two three four five. Six seven eight.")


async def test_a_false_interruption_is_silent_at_once_and_then_no_word_is_lost() -> None:
    count = "One two three four five six seven eight nine ten eleven twelve."
    async with scripted_call(count) as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        await s.caller.mumbles(1.0)
        await s.settles()
        assert len(s.caller.heard) == 2
        before, after = (stretch.text.split() for stretch in s.caller.heard)
        words = [str(word) for word in count.rstrip(".").lower().split()]
        resumed = words.index(after[0])
        assert before[:resumed] == words[:resumed]
        assert after == words[resumed:]
        assert s.said[1] == ("assistant", count)
        [ended] = s.of(AgentTurnEndedEvent)
        assert not ended.interrupted


@pytest.mark.parametrize("sign", ["uh huh", "okay", "yeah right"])
async def test_a_back_channel_neither_cuts_nor_is_answered(sign: str) -> None:
    async with scripted_call("One two three four five. Six seven eight nine ten eleven.") as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        await s.caller.says(sign)
        await s.settles()
        assert s.said[1] == ("assistant", "One two three four five. Six seven eight nine ten eleven.")
        assert len(s.said) == 2


async def test_a_short_word_that_is_no_back_channel_cuts_when_it_is_understood() -> None:
    async with scripted_call(Says(text=LONG), Says(text="Stopped.", to="stop")) as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        await s.caller.says("stop")
        await s.caller.hears("stopped")
        await s.settles()
        assert s.said[1][1].endswith("…")


async def test_a_pause_that_sounds_unfinished_is_waited_for() -> None:
    detector = ScriptedTurnDetector(unfinished=["is"])
    async with scripted_call(Says(text="Noted.", to="my number is five five five"), detector=detector) as s:
        await s.caller.says("my number is")
        await s.caller.waits(0.9)
        await s.caller.says("five five five")
        await s.caller.hears("noted")
        await s.settles()
        assert len(s.of(UserTranscriptEvent)) == 1


async def test_an_unfinished_turn_ends_when_the_silence_is_long() -> None:
    detector = ScriptedTurnDetector(unfinished=["is"])
    async with scripted_call(Says(text="Your number?", to="my number is"), detector=detector) as s:
        await s.caller.says("my number is")
        await s.caller.hears("your number", within=3)
        await s.settles()


async def test_speech_while_thinking_drops_the_answer_nobody_has_heard() -> None:
    async with scripted_call(
        Says(text="About Paris.", first_token=5), Says(text="About Rome.", to="i mean rome of course")
    ) as s:
        await s.caller.says("tell me about paris")
        await s.caller.waits(1)
        await s.caller.says("i mean rome of course")
        await s.caller.hears("about rome")
        await s.settles()
        assert [text for who, text in s.said if who == "assistant"] == ["About Rome."]
        assert s.llm.abandoned == 1


async def test_a_caller_who_sends_nothing_at_all_after_the_question_is_answered() -> None:
    async with scripted_call("Hello.") as s:
        await s.caller.says("hi there")
        s.caller.mutes()
        await s.caller.hears("hello", within=3)
        await s.settles()


async def test_mumbling_alone_is_no_turn() -> None:
    async with scripted_call() as s:
        await s.caller.mumbles(2)
        await s.settles()
        assert s.said == []
        assert not s.of(UserTranscriptEvent)
        assert (s.session.user_state, s.session.agent_state) == (UserState.IDLE, AgentState.IDLE)


async def test_marks_are_ordered_and_their_spans_add_up() -> None:
    async with scripted_call("It is noon.") as s:
        await s.caller.says("what time is it")
        spoken = asyncio.get_running_loop().time()
        await s.caller.hears("it is noon")
        await s.settles()
        [marks] = s.of(TurnMarksEvent)
        names = list(marks.marks_ms)
        assert names == [
            "speech_end", "pause", "transcript_final", "turn_detected", "end_of_turn",
            "llm_first_token", "first_sentence", "tts_first_audio", "first_audio_played",
        ]  # fmt: skip
        assert sum(marks.spans_ms.values()) == pytest.approx(marks.response_delay_ms)
        assert marks.marks_ms["speech_end"] == pytest.approx(spoken * 1000, abs=40)
        assert marks.response_delay_ms == pytest.approx(
            s.caller.heard[0].start * 1000 - spoken * 1000, abs=40
        )


async def test_a_caption_comes_when_its_sentence_begins_to_be_heard() -> None:
    async with scripted_call("One two three. Four five. Six.") as s:
        captions: list[AgentCaptionEvent] = []
        s.agent.events.on(AgentCaptionEvent, captions.append)
        await s.caller.says("count")
        await s.settles()
        assert [caption.text for caption in captions] == ["One two three.", "Four five.", "Six."]
        began = s.caller.heard[0].start
        assert [c.at for c in captions] == pytest.approx(
            [began + c.offset_ms / 1000 for c in captions], abs=0.02
        )
        kinds = [type(e) for e in s.events if isinstance(e, AgentCaptionEvent | AgentTurnStartedEvent)]
        assert kinds[0] is AgentTurnStartedEvent


async def test_states_follow_the_conversation_and_end_with_closing() -> None:
    async with scripted_call("Fine.") as s:
        seen: list[str] = []
        s.agent.events.on("agent_state_changed", lambda event: seen.append(event.state.value))
        await s.caller.says("how are you")
        await s.settles()
    assert seen == ["listening", "thinking", "speaking", "idle", "closing"]


async def test_the_agent_turn_ends_when_the_last_sample_was_played() -> None:
    async with scripted_call("One two three.") as s:
        await s.caller.says("count")
        await s.settles()
        [started], [ended] = s.of(AgentTurnStartedEvent), s.of(AgentTurnEndedEvent)
        assert ended.at - started.at == pytest.approx(ended.played_ms / 1000, abs=0.021)
        assert s.caller.peer.heard[-1].at + 0.02 == pytest.approx(ended.at, abs=0.001)


async def test_a_model_without_an_answer_is_an_error_and_the_next_question_is_answered() -> None:
    async with scripted_call(Says(text=""), Says(text="Here.", to="again")) as s:
        await s.caller.says("say something")
        await s.settles()
        assert len(s.of(LLMErrorEvent)) == 1
        await s.caller.says("try again")
        await s.caller.hears("here")
        await s.settles()


async def test_a_model_that_hangs_is_given_up_and_the_next_question_is_answered() -> None:
    deadlines = Deadlines(model_silence=3)
    async with scripted_call(Says(text="Well", stuck=True), Says(text="Here."), deadlines=deadlines) as s:
        await s.caller.says("say something")
        await s.settles()
        assert len(s.of(LLMErrorEvent)) == 1
        await s.caller.says("hello again")
        await s.caller.hears("here")
        await s.settles()


async def test_a_model_that_raises_does_not_end_the_session() -> None:
    async with scripted_call(Fails(error=OSError("gone")), Says(text="Here.")) as s:
        await s.caller.says("say something")
        await s.settles()
        assert s.session.agent_state is AgentState.IDLE
        await s.caller.says("hello again")
        await s.caller.hears("here")
        await s.settles()


async def test_a_voice_without_audio_is_an_error_not_a_hang() -> None:
    async with scripted_call("Silent.", tts=ScriptedTTS(silent=["Silent."])) as s:
        await s.caller.says("say something")
        await s.settles()
        assert len(s.of(TTSErrorEvent)) == 1
        assert s.said == [("user", "say something")]


async def test_a_recogniser_that_fails_drops_the_turn() -> None:
    async with scripted_call(stt=ScriptedSTT(fails=OSError("gone"))) as s:
        await s.caller.says("say something")
        await s.settles()
        assert len(s.of(STTErrorEvent)) == 1
        assert s.said == []


async def test_a_greeting_is_an_instruction_not_the_users_words() -> None:
    async with scripted_call(Says(text="Hello! How can I help?", to="Greet the caller.")) as s:
        handle = await s.agent.simple_response("Greet the caller.")
        await handle
        assert s.caller.heard_text == "hello how can i help"
        assert s.said == [("assistant", "Hello! How can I help?")]


async def test_agent_say_queues_and_session_say_replaces() -> None:
    async with scripted_call() as s:
        first = await s.agent.say("One two three four five six.")
        second = await s.agent.say("Seven.")
        await s.caller.hears("two")
        third = s.session.say("Eight.")
        await third
        assert first.interrupted
        assert second.done()
        assert "seven" not in s.caller.heard_text
        assert s.caller.heard_text.endswith("eight")


async def test_what_must_not_be_interrupted_is_heard_in_full_and_the_question_answered_after_it() -> None:
    async with scripted_call(Says(text="Sure.", to="can i ask you something now")) as s:
        handle = s.session.say("This call is recorded for training.", interruptible=False)
        await s.caller.hears("call")
        await s.caller.says("can i ask you something now")
        await handle
        assert handle.spoken_text == "This call is recorded for training."
        await s.caller.hears("training sure")
        await s.settles()


async def test_hanging_up_in_the_middle_of_an_answer_ends_the_session() -> None:
    async with scripted_call(LONG) as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        await s.caller.hangs_up()
        await s.agent.finish()
        await s.session.wait()
        assert s.session.close_reason is not None
        assert s.session.close_reason.reason.value == "call_ended"
        assert s.session.status.value == "closed"
        assert s.said[-1][1].endswith("…")
