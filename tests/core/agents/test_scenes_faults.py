"""Parts that fail in the middle, that are missing, and applications that fail."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.core.agents.scene_parts import PATIENT, MoodyVoice, played_call

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackConnection
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.errors import ConfigurationError, ProviderTimeout
from vision_agents.core.events.agent import (
    AgentStateChangedEvent,
    AgentTurnEndedEvent,
    AgentTurnStartedEvent,
    SpeculationDroppedEvent,
)
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ErrorEvent, LLMErrorEvent, TTSErrorEvent
from vision_agents.core.history.messages import Message
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.tts.tts import SpeechChunk
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.core.types.status import AgentState
from vision_agents.testing import (
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

GONE = OSError("gone")


class TestTheVoice:
    async def test_breaks_before_the_second_sentence_and_the_first_is_heard_in_full(self) -> None:
        voice = MoodyVoice(broken={"Five six.": (0, GONE)})
        async with scripted_call(tts=voice) as s:
            handle = s.session.say("One two three four. Five six.")
            await handle
            assert s.caller.heard_text == "one two three four"
            error = handle.exception()
            assert handle.state is UtteranceState.FAILED
            assert error is not None
            assert GONE in {error, error.__cause__}
            assert handle.spoken_text == "One two three four."
            assert s.said[0][1].startswith("One two three four.")

    async def test_breaks_in_the_middle_of_a_sentence_and_the_history_holds_what_was_heard(
        self,
    ) -> None:
        voice = MoodyVoice(broken={"One two three four five six.": (0.4, GONE)})
        async with scripted_call(tts=voice) as s:
            handle = s.session.say("One two three four five six.")
            await handle
            heard = s.caller.heard_text.split()
            assert handle.state is UtteranceState.FAILED
            assert abs(len(handle.spoken_text.split()) - len(heard)) <= 1, (handle.spoken_text, heard)

    async def test_that_breaks_is_told_as_the_voices_error(self) -> None:
        async with scripted_call(tts=ScriptedTTS(fails=GONE)) as s:
            await s.session.say("One two.")
            assert [type(event) for event in s.of(ErrorEvent)] == [TTSErrorEvent]

    async def test_hangs_and_is_given_up(self) -> None:
        voice = MoodyVoice(late={"One two.": 1000})
        async with scripted_call(Says(text="Here."), tts=voice, deadlines=Deadlines(voice_silence=2)) as s:
            handle = s.session.say("One two.")
            await handle
            assert isinstance(handle.exception(), ProviderTimeout)
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_leaves_out_a_sentence_and_the_others_are_heard(self) -> None:
        async with scripted_call(tts=ScriptedTTS(silent=["Three."])) as s:
            handle = s.session.say("One two. Three. Four five.")
            await handle
            assert s.caller.heard_text == "one two four five"
            assert handle.spoken_text == "One two. Four five."

    async def test_gives_less_than_a_frame_for_a_sentence_and_the_next_is_heard(self) -> None:
        class Curt(ScriptedTTS):
            async def synthesize(self, text: str) -> AsyncIterator[SpeechChunk]:
                if text == "Oh.":
                    yield SpeechChunk(PcmData(np.full(240, 3000, np.int16), 24_000))
                    return
                async for chunk in super().synthesize(text):
                    yield chunk

        async with scripted_call(tts=Curt()) as s:
            handle = s.session.say("Oh. Six seven.")
            async with asyncio.timeout(10):
                await handle
            assert s.caller.heard_text.endswith("six seven")


class TestTheModel:
    async def test_breaks_in_its_second_sentence_and_the_first_is_heard_in_full(self) -> None:
        async with played_call(["One two three four five. ", 0.3, "Six ", GONE], ["Here."]) as s:
            await s.caller.says("count")
            await s.settles()
            assert s.caller.heard_text == "one two three four five"
            assert len(s.of(LLMErrorEvent)) == 1
            assert s.said[1][1].startswith("One two three four five.")
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_hangs_after_its_first_sentence_and_the_next_question_is_answered(self) -> None:
        async with scripted_call(
            Says(text="One two three.", stuck=True),
            Says(text="Here.", to="are you there"),
            deadlines=Deadlines(model_silence=2),
        ) as s:
            await s.caller.says("count")
            await s.caller.hears("one two three")
            await s.settles()
            assert s.session.agent_state is AgentState.IDLE
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_breaks_while_it_guesses_and_is_asked_again_when_the_turn_is_over(self) -> None:
        async with played_call([GONE], ["Noon."], turn_handling=TurnHandling(speculate=True)) as s:
            await s.caller.says("what time is it")
            await s.caller.hears("noon")
            await s.settles()
            assert s.of(ErrorEvent) == []
            assert [event.tokens for event in s.of(SpeculationDroppedEvent)] == [0]

    async def test_writes_only_what_nobody_can_say(self) -> None:
        async with played_call(["🙂"], ["Here."]) as s:
            await s.caller.says("how are you")
            await s.settles()
            assert s.session.agent_state is AgentState.IDLE
            await s.caller.says("are you there")
            await s.caller.hears("here")
            await s.settles()

    async def test_a_long_answer_that_is_cut_is_not_written_to_its_end(self) -> None:
        answer = " ".join(f"Sentence {number}." for number in range(300))
        async with scripted_call(Says(text=answer, token=0.001)) as s:
            await s.caller.says("tell me a story")
            await s.caller.hears("sentence 1")
            s.session.interrupt()
            await s.settles()
            assert s.llm.abandoned == 1
            assert len(s.tts.sentences) < 10


class TestTheApplication:
    async def test_cuts_one_utterance_by_its_handle_and_the_next_is_heard(self) -> None:
        async with scripted_call() as s:
            first = s.session.say("One two three four. Five six seven eight. Nine.")
            await s.caller.hears("two")
            second = await s.agent.say("Ten.")
            first.interrupt()
            async with asyncio.timeout(10):
                await second
            assert first.interrupted
            assert second.state is UtteranceState.COMPLETED
            assert s.caller.heard_text.endswith("ten")
            assert s.tts.sentences[-1] == "Ten."

    async def test_cuts_one_that_waits_and_those_behind_it_are_heard(self) -> None:
        async with scripted_call() as s:
            s.session.say("One two.")
            second = await s.agent.say("Three. Four. Five.")
            third = await s.agent.say("Six.")
            second.interrupt()
            async with asyncio.timeout(10):
                await third
            assert second.done()
            assert s.caller.heard_text == "one two six"

    async def test_must_force_what_must_not_be_interrupted(self) -> None:
        async with scripted_call() as s:
            handle = s.session.say("One two three four.", interruptible=False)
            await s.caller.hears("two")
            with pytest.raises(RuntimeError, match="force=True"):
                handle.interrupt()
            s.session.interrupt()
            assert not handle.done()
            s.session.interrupt(force=True)
            assert handle.interrupted

    async def test_says_something_over_what_must_not_be_interrupted(self) -> None:
        async with scripted_call() as s:
            first = s.session.say("One two three.", interruptible=False)
            await s.caller.hears("one")
            second = s.session.say("Four.")
            await second
            assert first.state is second.state is UtteranceState.COMPLETED
            assert s.caller.heard_text == "one two three four"

    async def test_drops_what_it_wants_to_say_where_something_is_said(self) -> None:
        async with scripted_call() as s:
            s.session.say("One two.")
            dropped = s.session.say("Three.", policy="drop")
            assert dropped.state is UtteranceState.SKIPPED
            await dropped
            await s.settles()
            taken = s.session.say("Four.", policy="drop")
            await taken
            assert s.caller.heard_text == "one two four"

    async def test_fails_in_a_callback_and_is_heard_on(self) -> None:
        def fail(_: UtteranceHandle) -> None:
            raise ValueError("the application's own")

        async with scripted_call() as s:
            first = s.session.say("One.")
            first.add_done_callback(fail)
            await first
            second = s.session.say("Two.")
            async with asyncio.timeout(10):
                await second
            assert s.caller.heard_text == "one two"

    async def test_says_the_next_thing_in_a_callback(self) -> None:
        async with scripted_call() as s:
            first = s.session.say("One.")
            first.add_done_callback(lambda _: s.session.say("Two."))
            await s.settles()
            assert s.caller.heard_text == "one two"
            assert s.said == [("assistant", "One."), ("assistant", "Two.")]

    async def test_cuts_the_agent_the_moment_it_begins(self) -> None:
        async with scripted_call() as s:
            s.agent.events.on(AgentTurnStartedEvent, lambda _: s.session.interrupt())
            handle = s.session.say("One two three.")
            await handle
            assert handle.interrupted
            assert len(s.of(AgentTurnStartedEvent)) == len(s.of(AgentTurnEndedEvent)) == 1

    async def test_a_thinking_agent_says_so_even_if_it_must_not_be_interrupted(self) -> None:
        async with scripted_call(Says(text="Noon.", first_token=2)) as s:
            handle = await s.session.reply("Tell the time.", wait_for_playback=False, interruptible=False)
            await s.caller.waits(1)
            assert s.session.agent_state is AgentState.THINKING
            await handle
            states = [event.state for event in s.of(AgentStateChangedEvent)]
            assert states[-3:] == [AgentState.THINKING, AgentState.SPEAKING, AgentState.IDLE]

    async def test_nothing_to_answer_is_no_answer(self) -> None:
        async with scripted_call() as s:
            handle = await s.session.reply("")
            assert handle.done()
            assert s.llm.requests == []


class DeafEdge(Edge):
    """Its connection refuses every frame."""

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        """Join, and break."""
        connection = await super().join(call, user, listener)

        def refuse(frame: PcmData) -> None:
            raise ConnectionError("The line is broken.")

        connection.send_audio = refuse
        return connection


async def test_a_connection_that_refuses_audio_leaves_no_utterance_waiting() -> None:
    async with played_call(edge=DeafEdge()) as s:
        for text in ("One two.", "Three. Four.", "Five."):
            handle = s.session.say(text)
            async with asyncio.timeout(15):
                await handle
            assert handle.state in {UtteranceState.FAILED, UtteranceState.INTERRUPTED}
            assert handle.spoken_text == ""


class TestPartsThatAreMissing:
    async def test_without_a_voice_answers_stay_text_and_come_after_the_question(self) -> None:
        for handling in (PATIENT, TurnHandling(speculate=True)):
            llm, edge = ScriptedLLM(["I am fine."]), Edge()
            agent = Agent(
                edge=edge,
                llm=llm,
                stt=ScriptedSTT(),
                vad=ScriptedVAD(),
                turn_detection=ScriptedTurnDetector(),
                turn_handling=handling,
            )
            events: list[Event] = []
            agent.events.on(Event, events.append)
            call = await agent.create_call("default", "text")
            async with SimulatedCaller(edge) as caller, agent.join(call) as session:
                await caller.says("how are you")
                await caller.waits(2)
                said = [(item.role.value, item.text) for item in session.history if isinstance(item, Message)]
                assert said == [("user", "how are you"), ("assistant", "I am fine.")]
                assert caller.heard == []
                assert session.agent_state is AgentState.IDLE
                with pytest.raises(ConfigurationError, match="tts"):
                    session.say("Hello.")

    async def test_without_a_voice_a_guess_that_was_wrong_is_not_in_the_history(self) -> None:
        llm, edge = ScriptedLLM(["Wrong.", "Right."]), Edge()
        agent = Agent(
            edge=edge,
            llm=llm,
            stt=ScriptedSTT(),
            vad=ScriptedVAD(),
            turn_detection=ScriptedTurnDetector(unfinished=["paris"]),
        )
        call = await agent.create_call("default", "text")
        async with SimulatedCaller(edge) as caller, agent.join(call) as session:
            await caller.says("the weather in paris")
            await caller.waits(0.9)
            await caller.says("or rather rome")
            await caller.waits(2)
            texts = [item.text for item in session.history.messages]
            assert texts == ["the weather in paris or rather rome", "Right."]

    async def test_without_a_recogniser_it_only_speaks_when_it_is_asked_to(self) -> None:
        llm, edge = ScriptedLLM([Says(text="Welcome.", to="Greet.")]), Edge()
        agent = Agent(edge=edge, llm=llm, tts=ScriptedTTS())
        call = await agent.create_call("default", "deaf")
        async with SimulatedCaller(edge) as caller, agent.join(call) as session:
            await caller.says("is there anybody in this house")
            await caller.waits(3)
            assert caller.heard == []
            await session.reply("Greet.")
            await session.say("Good bye.")
            assert caller.heard_text == "welcome good bye"
        llm.assert_done()

    async def test_without_a_model_it_listens_and_says_what_it_is_told(self) -> None:
        edge = Edge()
        agent = Agent(edge=edge, stt=ScriptedSTT(), tts=ScriptedTTS(), vad=ScriptedVAD())
        call = await agent.create_call("default", "mute")
        async with SimulatedCaller(edge) as caller, agent.join(call) as session:
            await caller.says("how are you")
            await caller.waits(2)
            await session.say("I only repeat.")
            with pytest.raises(ConfigurationError, match="llm"):
                await session.reply("Think.")
            assert [item.text for item in session.history.messages] == ["how are you", "I only repeat."]
            assert session.settled
