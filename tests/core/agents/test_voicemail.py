"""Who took the call, in whole calls on the loopback edge (session.md 1.10; defects 1 and 22)."""

import asyncio

import pytest
from tests.core.agents.scene_parts import now, played_call, until
from tests.core.agents.session_parts import a_call, an_agent

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.voicemail import (
    VoiceMailDetector,
    VoicemailResult,
    VoicemailStatus,
)
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.telephone import VoicemailResultEvent
from vision_agents.core.turns.answer_events import AnsweredBy
from vision_agents.core.types.people import User
from vision_agents.core.types.status import CloseReason, Reason
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedLLM,
)

pytestmark = pytest.mark.virtual_time

GREETING = "you have reached the smiths please leave a message after the tone"


def with_detector(detector: VoiceMailDetector):
    def prepare(agent: Agent) -> None:
        AgentSession(agent, voice_mail_detector=detector)

    return prepare


async def test_defect_01_before_any_result_nothing_is_detected() -> None:
    async with played_call(prepare=with_detector(VoiceMailDetector())) as call:
        assert call.session.is_voicemail_detected is False
        assert call.session.voicemail_status is VoicemailStatus.UNKNOWN
    async with played_call() as plain:
        assert plain.session.is_voicemail_detected is False


async def test_a_person_is_answered_soon_and_hears_all_that_was_held_back() -> None:
    async with played_call(prepare=with_detector(VoiceMailDetector())) as call:
        greeting = call.session.say("good morning this is acme")
        await call.caller.waits(1)
        assert call.caller.heard == []
        await call.caller.says("hello", breathy=True)
        ended = asyncio.get_running_loop().time()
        await call.caller.hears("good morning")
        assert call.caller.heard[0].start - ended < 2.5
        await greeting
        await call.settles()
        assert call.session.voicemail_status is VoicemailStatus.HUMAN
        assert [event.is_voicemail for event in call.of(VoicemailResultEvent)] == [False]


@pytest.mark.parametrize("kind", ["sync", "async", "without", "fails"])
async def test_defect_22_a_machine_is_told_to_any_callback_and_not_talked_to(kind: str) -> None:
    told: list[object] = []

    async def asynchronous(result: VoicemailResult) -> None:
        await asyncio.sleep(0.1)
        told.append(result)

    def fails() -> None:
        told.append(None)
        raise ValueError("of the application")

    callbacks = {
        "sync": told.append,
        "async": asynchronous,
        "without": lambda: told.append(None),
        "fails": fails,
    }
    detector = VoiceMailDetector(callback=callbacks[kind])
    async with played_call(prepare=with_detector(detector)) as call:
        handle = call.session.say("good morning")
        await call.caller.answers_as_voicemail(GREETING)
        await call.caller.waits(5)
        assert len(told) == 1
        assert handle.interrupted
        assert handle.spoken_text == ""
        assert call.caller.heard_text == ""
        assert call.session.is_voicemail_detected
        assert len(call.of(ExceptionEvent)) == (kind == "fails")
        assert [event.is_voicemail for event in call.of(VoicemailResultEvent)] == [True]


async def test_a_message_is_left_after_the_beep_and_the_session_ends() -> None:
    detector = VoiceMailDetector(message="please call acme back")
    async with played_call(prepare=with_detector(detector)) as call:
        await call.caller.answers_as_voicemail(GREETING)
        beeped = asyncio.get_running_loop().time()
        await call.caller.hears("please call acme back")
        assert beeped < call.caller.heard[0].start < beeped + 3.5
        await until(lambda: call.session.finished)
        assert call.session.close_reason == CloseReason(Reason.VOICEMAIL)


class CountedLLM(ScriptedLLM):
    """Counts how often it is made ready and given back."""

    def __init__(self) -> None:
        super().__init__([])
        self.starts, self.closes = 0, 0

    async def start(self) -> None:
        self.starts += 1

    async def close(self) -> None:
        self.closes += 1


async def test_a_model_of_the_detectors_own_is_made_ready_and_given_back() -> None:
    llm = CountedLLM()
    async with played_call(prepare=with_detector(VoiceMailDetector(llm))) as call:
        call.session.say("good morning")
        await call.caller.says("hello")
        await call.caller.hears("good morning")
        assert llm.starts == 1
    assert llm.closes == 1


async def test_a_model_of_the_pipeline_is_left_to_it() -> None:
    detector = VoiceMailDetector()

    def prepare(agent: Agent) -> None:
        assert agent.pipeline is not None
        detector.llm = agent.pipeline.llm = counted
        AgentSession(agent, voice_mail_detector=detector)

    counted = CountedLLM()
    async with played_call(prepare=prepare) as call:
        await call.caller.says("hello")
        await call.caller.waits(3)
        assert (counted.starts, counted.closes) == (1, 0)
    assert counted.closes == 1


async def test_the_callback_may_hang_up() -> None:
    async def hang_up() -> None:
        await session.hangup("voicemail", drain=False)

    async with played_call(prepare=with_detector(VoiceMailDetector(callback=hang_up))) as call:
        session = call.session
        await call.caller.answers_as_voicemail(GREETING)
        await until(lambda: call.session.finished)
        assert call.session.close_reason == CloseReason(Reason.HANGUP, "voicemail")


async def test_defect_22_a_model_that_fails_is_uncertain_and_a_custom_prompt_says_how_to_answer() -> None:
    llm = ScriptedLLM([Says(text="voicemail"), Fails(error=ConnectionError("gone"))])
    detector = VoiceMailDetector(llm, custom_prompt="Is it a machine?")
    assert await detector.detect("please leave your name") is AnsweredBy.VOICEMAIL
    assert await detector.detect("please leave your name") is AnsweredBy.UNCERTAIN
    assert await detector.detect("  ") is AnsweredBy.UNCERTAIN
    assert llm.requests[0].instructions.startswith("Is it a machine?\nAnswer with exactly one of these words")


@pytest.mark.parametrize("duration", [0, -1])
def test_a_duration_that_is_none_is_refused(duration: float) -> None:
    with pytest.raises(ValueError, match="duration must be"):
        VoiceMailDetector(duration=duration)


# Who calls whom.


@pytest.mark.parametrize(
    ("known", "inbound", "is_held"),
    [
        ({}, False, True),
        ({"sipUser": True, "sipCallType": "outbound"}, False, True),
        ({"sipUser": True, "sipCallType": "inbound"}, False, False),
        ({"sipUser": True, "sipCallType": "inbound"}, True, True),
    ],
    ids=["unknown", "outbound", "inbound", "inbound, wanted"],
)
@pytest.mark.parametrize("is_early", [True, False], ids=["comes first", "comes later"])
async def test_who_calls_in_is_not_judged_unless_that_is_wanted(
    known: dict[str, object], inbound: bool, is_held: bool, is_early: bool
) -> None:
    edge = Edge()
    agent = an_agent(edge)
    session = AgentSession(agent, voice_mail_detector=VoiceMailDetector(inbound=inbound))
    call = await a_call(agent)
    somebody = User(id="somebody", custom=known)
    if is_early:
        edge.join_as(somebody, call.id)
    async with agent.join(call, participant_wait_timeout=0):
        if not is_early:
            edge.join_as(somebody, call.id)
        began = now()
        await session.say("good morning")
        assert (now() - began > 9) == is_held
