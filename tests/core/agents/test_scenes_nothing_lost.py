"""Whole calls in which nothing gets lost, repeated or left without an end."""

import asyncio

import pytest
from tests.core.agents.scene_parts import PATIENT, calls, now, played_call, results, until

from vision_agents.core.events.agent import UserTranscriptEvent
from vision_agents.core.speech.utterance import UtteranceHandle, UtteranceState
from vision_agents.core.turns.endpointing import FixedEndpointing
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import Calls, Says, ScriptedTTS, scripted_call

pytestmark = pytest.mark.virtual_time


async def test_an_utterance_that_never_made_a_sound_has_failed_and_tells_why() -> None:
    async with scripted_call(tts=ScriptedTTS(silent=["Silent."])) as s:
        handle = s.session.say("Silent.")
        async with asyncio.timeout(30):
            await handle
        assert handle.state is UtteranceState.FAILED
        assert handle.exception() is not None
        assert s.caller.heard_text == ""


async def test_a_tool_that_raises_cancelled_error_does_not_end_the_answer() -> None:
    async def odd() -> str:
        """Behave oddly."""
        raise asyncio.CancelledError

    async with scripted_call(Calls(tool="odd"), Says(text="Sorry."), tools=[odd]) as s:
        await s.caller.says("do it")
        await s.caller.hears("sorry", within=10)
        await s.settles()
        assert s.said == [("user", "do it"), ("assistant", "Sorry.")]
        assert len(results(s)) == 1


async def test_what_must_not_be_interrupted_is_heard_though_the_answer_before_it_is_cut() -> None:
    important: list[UtteranceHandle] = []
    async with played_call(["Let me check. ", calls("look")]) as s:

        @s.agent.llm.register_function(description="Look.")
        async def look() -> str:
            important.append(s.session.say("This is important.", interruptible=False))
            await asyncio.sleep(20)
            return "there"

        await s.caller.says("where is it")
        await s.caller.hears("let me check", within=5)
        await s.caller.waits(3)
        s.session.interrupt()
        await s.caller.hears("this is important", within=10)
        await s.settles()
        assert important[0].state is UtteranceState.COMPLETED


async def test_the_next_turn_does_not_begin_with_the_words_of_the_last() -> None:
    async with scripted_call("One.", "Two.", turn_handling=PATIENT) as s:
        await s.caller.says("my name is bob")
        await until(lambda: s.of(UserTranscriptEvent))
        await s.caller.says("and yours please")
        await until(lambda: len(s.of(UserTranscriptEvent)) == 2)
        await s.settles()
        assert [event.text for event in s.of(UserTranscriptEvent)] == ["my name is bob", "and yours please"]


async def test_a_caller_who_mutes_waits_no_longer_than_the_rule_says() -> None:
    rules = TurnHandling(endpointing=FixedEndpointing(sure=0.5), speculate=False)
    async with scripted_call("Hello.", turn_handling=rules) as s:
        await s.caller.says("hi there")
        ended = now()
        s.caller.mutes()
        await s.caller.hears("hello", within=5)
        assert s.caller.heard[0].start - ended < 1.0
        await s.settles()
