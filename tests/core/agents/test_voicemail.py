"""Who took the call, in whole calls on the loopback edge (session.md 1.10; defects 1 and 22)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.core.agents.scene_parts import meanwhile, now, played_call, until
from tests.core.agents.session_parts import a_call, an_agent

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.agents.voicemail import (
    VoiceMailDetector,
    VoicemailResult,
    VoicemailStatus,
)
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.events.telephone import VoicemailResultEvent
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta
from vision_agents.core.speech.gate import Gate
from vision_agents.core.turns.answer_events import AnsweredBy
from vision_agents.core.turns.voicemail import VoicemailRules
from vision_agents.core.types.people import User
from vision_agents.core.types.status import CloseReason, Reason
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedCall,
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedTTS,
    SimulatedCaller,
    realtime_call,
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


LONG = "one two three four five six seven eight nine ten " * 3
"""So long a greeting is a machine's, where nobody knows better."""


class StuckLLM(ScriptedLLM):
    """Never says a word."""

    async def respond(self, request: LLMRequest) -> AsyncIterator[LLMEvent]:
        """Take the request, and nothing more."""
        self.requests.append(request)
        await asyncio.Event().wait()
        yield TextDelta("")


class RaisingDetector(VoiceMailDetector):
    """An application's own, with an error in it."""

    asked = 0

    async def detect(self, text: str) -> AnsweredBy:
        """Fail."""
        self.asked += 1
        raise RuntimeError("of the application")


@pytest.mark.parametrize(
    "llm",
    [
        ScriptedLLM([Fails(error=ConnectionError("gone"))]),
        ScriptedLLM([Fails(error=ProviderError("no", provider="x", stage="llm"))]),
        ScriptedLLM([Says(text="I cannot help with that.")]),
        ScriptedLLM([Says(text="")]),
        ScriptedLLM([Says(text="human", stuck=True)]),
        ScriptedLLM([Says(text="human", first_token=30)]),
        StuckLLM(),
    ],
    ids=["raises", "fails", "refuses", "says nothing", "does not end", "is late", "hangs"],
)
async def test_a_model_that_was_asked_and_does_not_tell_holds_nothing_up(llm: ScriptedLLM) -> None:
    async with played_call(prepare=with_detector(detector := VoiceMailDetector(llm))) as call:
        await call.caller.says(LONG, breathy=True)
        ended = now()
        await until(lambda: detector.result is not None)
        assert now() - ended < 2.5
        assert detector.result == VoicemailResult(True, "voicemail", "cadence")
        assert not gate_of(call).closed
        assert len(llm.requests) == 1
        assert "ten" in str(llm.requests[0].items[-1])


async def test_a_model_that_knows_better_than_the_cadence_is_believed() -> None:
    llm = ScriptedLLM([Says(text="human", to="eight nine ten", first_token=0.2)])
    async with played_call(prepare=with_detector(detector := VoiceMailDetector(llm))) as call:
        call.session.say("good morning")
        await call.caller.says(LONG, breathy=True)
        await call.caller.hears("good morning", within=2.5)
        assert detector.result == VoicemailResult(False, "human", "model")
        assert len(llm.requests) == 1


async def test_a_detector_that_raises_where_it_is_asked_holds_nothing_up() -> None:
    detector = RaisingDetector(ScriptedLLM())
    async with played_call(prepare=with_detector(detector)) as call:
        await call.caller.says(LONG, breathy=True)
        await until(lambda: detector.result is not None)
        assert detector.asked == 1
        assert not gate_of(call).closed


async def test_words_that_cannot_be_judged_open_the_gate() -> None:
    def who_says(text: str) -> AnsweredBy | None:
        raise RuntimeError(text)

    detector = VoiceMailDetector(rules=VoicemailRules(who_says=who_says))
    async with played_call(prepare=with_detector(detector)) as call:
        call.session.say("good morning")
        await call.caller.says("hello you", breathy=True)
        await call.caller.hears("good morning", within=2.5)


class UnreadyLLM(ScriptedLLM):
    """Cannot be made ready."""

    async def start(self) -> None:
        """Fail."""
        raise ConnectionError("no such host")

    async def close(self) -> None:
        """Fail."""
        raise ConnectionError("no such host")


async def test_a_model_that_cannot_be_made_ready_holds_nothing_up() -> None:
    async with played_call(prepare=with_detector(VoiceMailDetector(UnreadyLLM()))) as call:
        call.session.say("good morning")
        await call.caller.says("hello", breathy=True)
        await call.caller.hears("good morning", within=2.5)


@pytest.mark.parametrize("trouble", ["silence", "muted", "signal processing fails"])
async def test_the_gate_opens_where_nothing_can_be_judged(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: object, _pcm: object) -> None:
        raise RuntimeError("of the signal processing")

    async with played_call(prepare=with_detector(VoiceMailDetector())) as call:
        if trouble == "muted":
            call.caller.mutes()
        if trouble == "signal processing fails":
            monkeypatch.setattr("vision_agents.core.agents.answering.CallProgress.push", fails)
        call.session.say("good morning", interruptible=False)
        assert gate_of(call).closed
        await call.caller.hears("good morning", within=1.5 if trouble.startswith("signal") else 11.5)


async def test_the_gate_opens_where_nobody_comes() -> None:
    edge = Edge()
    agent = an_agent(edge)
    session = AgentSession(agent, voice_mail_detector=VoiceMailDetector())
    call = await a_call(agent)
    async with agent.join(call, participant_wait_timeout=0):
        began = now()
        await session.say("nobody hears this")
        assert now() - began == pytest.approx(61, abs=1)


async def test_a_goodbye_is_heard_though_there_was_no_verdict() -> None:
    agent = Parting(edge=Edge(), llm=ScriptedLLM(), tts=ScriptedTTS())
    session = AgentSession(agent, voice_mail_detector=VoiceMailDetector())
    call = await a_call(agent)
    assert isinstance(agent.edge, Edge)
    async with SimulatedCaller(agent.edge) as caller:
        async with agent.join(call):
            await caller.waits(1)
            assert caller.heard == []
        assert caller.heard_text == "good bye"
        assert session.voicemail_status is VoicemailStatus.UNKNOWN


async def test_who_hangs_up_before_the_verdict_leaves_nothing_behind() -> None:
    async with played_call(prepare=with_detector(VoiceMailDetector(StuckLLM()))) as call:
        handle = call.session.say("good morning")
        await call.caller.says(LONG, breathy=True)
        await call.caller.waits(1.2)  # the model is being asked
        await call.caller.hangs_up()
        await until(lambda: call.session.finished)
        assert handle.done()
        assert handle.spoken_text == ""
        assert call.of(VoicemailResultEvent) == []


class Parting(Agent):
    """Says goodbye."""

    async def on_exit(self) -> None:
        """Say it."""
        assert self.session is not None
        self.session.say("good bye")


@pytest.mark.parametrize("hertz", [440, 1000, 1400])
async def test_a_beep_after_a_greeting_of_tones_decides(hertz: float) -> None:
    """The words of this caller are tones themselves; so is what says them beside the breath."""
    async with played_call(prepare=with_detector(detector := VoiceMailDetector())) as call:
        call.session.say("good morning")
        await call.caller.answers_as_voicemail("hello you there", beep_hz=hertz)
        await until(lambda: detector.result is not None)
        assert detector.result == VoicemailResult(True, "voicemail", "beep")
        await call.caller.waits(3)
        assert call.caller.heard == []


def gate_of(call: ScriptedCall) -> Gate:
    host = call.session._host  # pyright: ignore[reportPrivateUsage]
    assert host is not None
    assert host.dialogue is not None
    return host.dialogue.output.gate


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


# A model that hears and speaks by itself.


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
