"""Who took the call, where a realtime model hears and speaks by itself."""

import pytest
from tests.core.agents.scene_parts import meanwhile, now, until

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.voicemail import (
    VoiceMailDetector,
)
from vision_agents.core.events.telephone import VoicemailResultEvent
from vision_agents.testing import (
    Says,
    ScriptedRealtime,
    ScriptedTTS,
    realtime_call,
)

pytestmark = pytest.mark.virtual_time

GREETING = "you have reached the smiths please leave a message after the tone"


def watched(agent: Agent) -> VoiceMailDetector:
    detector = VoiceMailDetector()
    AgentSession(agent, voice_mail_detector=detector)
    return detector


@pytest.mark.parametrize("tts", [None, ScriptedTTS()], ids=["the model speaks", "a synthesiser speaks"])
@pytest.mark.parametrize("after", [0.0, 1.0])
async def test_realtime_a_person_hears_what_was_held_back_and_the_model_answers_only_later(
    tts: ScriptedTTS | None, after: float
) -> None:
    model = ScriptedRealtime(
        Says(text="good morning this is acme"),
        Says(text="hello yourself", to="hello"),  # by itself, and nobody wants it
        Says(text="yes of course", to="ready"),
    )
    async with realtime_call(model, tts=tts, prepare=watched) as call:
        asking = meanwhile(call.session.reply("Greet the caller."))
        await call.caller.waits(after)
        await call.caller.says("hello", breathy=True)
        ended = now()
        await call.caller.hears("good morning this is acme")
        assert 0 < call.caller.heard[0].start - ended < 2.5
        await asking
        await call.caller.says("are you ready")
        await call.caller.hears("yes of course")
        await call.settles()
        assert call.caller.heard_text == "good morning this is acme yes of course"


async def test_realtime_a_machine_is_not_talked_to_and_the_model_hears_no_more_of_it() -> None:
    model = ScriptedRealtime(
        Says(text="good morning this is acme"), Says(text="hello machine", to="leave a message")
    )
    async with realtime_call(model, prepare=watched) as call:
        asking = meanwhile(call.session.reply("Greet the caller."))
        await call.caller.answers_as_voicemail(GREETING)
        await call.caller.waits(2)
        await call.caller.says("press one to send your message")
        await call.caller.waits(5)
        assert call.session.is_voicemail_detected
        assert call.caller.heard_text == ""
        await asking


async def test_realtime_the_words_of_a_machine_come_from_the_model() -> None:
    model = ScriptedRealtime(Says(text="hello machine"))
    async with realtime_call(model, prepare=watched) as call:
        await call.caller.says("leave a message", breathy=True)
        await until(lambda: call.session.is_voicemail_detected)
        assert [event.clue for event in call.of(VoicemailResultEvent)] == ["words"]
