"""The gate before the agent's speech opens, whatever goes wrong while it is told who took the call."""

import asyncio
from collections.abc import AsyncIterator

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
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.telephone import VoicemailResultEvent
from vision_agents.core.llm.llm import LLMEvent, LLMRequest, TextDelta
from vision_agents.core.speech.gate import Gate
from vision_agents.core.turns.answer_events import AnsweredBy
from vision_agents.core.turns.voicemail import VoicemailRules
from vision_agents.testing import (
    Fails,
    Says,
    ScriptedCall,
    ScriptedLLM,
    ScriptedTTS,
    SimulatedCaller,
)

pytestmark = pytest.mark.virtual_time


def with_detector(detector: VoiceMailDetector):
    def prepare(agent: Agent) -> None:
        AgentSession(agent, voice_mail_detector=detector)

    return prepare


def gate_of(call: ScriptedCall) -> Gate:
    host = call.session._host  # pyright: ignore[reportPrivateUsage]
    assert host is not None
    assert host.dialogue is not None
    return host.dialogue.output.gate


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
