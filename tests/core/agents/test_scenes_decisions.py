"""What the turn machine decides in the conversations that every caller leads sooner or later."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest

from vision_agents.core.events.agent import AgentTurnEndedEvent, TurnObservedEvent
from vision_agents.core.events.plugin import LLMErrorEvent, TTSErrorEvent
from vision_agents.core.turns.decisions import EndedBy, TurnEnded
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedCall,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    SimulatedCaller,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time

Does: TypeAlias = Callable[[SimulatedCaller], Coroutine[Any, Any, None]]

COUNT = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen. Fifteen sixteen."
LONG = "wait i have a lot to say about this and it cannot wait until you are done"
PAUSE = ["SpeechPaused", "JudgePause"]
A_TURN = ["SpeechStarted", *PAUSE, "TurnEnded"]
NOTHING = ["SpeechStarted", *PAUSE, "TurnDropped"]


def says(text: str) -> Does:
    return lambda caller: caller.says(text)


def mumbles(seconds: float) -> Does:
    return lambda caller: caller.mumbles(seconds)


def waits(seconds: float) -> Does:
    return lambda caller: caller.waits(seconds)


def watched(call: ScriptedCall) -> list[object]:
    """All that is decided from now on."""
    decisions: list[object] = []

    def note(event: TurnObservedEvent) -> None:
        decisions.extend(event.decisions)

    call.agent.subscribe(note)
    return decisions


def kinds(decisions: list[object]) -> list[str]:
    return [type(decision).__name__ for decision in decisions]


@pytest.mark.parametrize(
    ("does", "decided", "goes_on"),
    [
        pytest.param(mumbles(0.2), NOTHING, True, id="cough"),
        pytest.param(
            mumbles(0.8),
            ["SpeechStarted", "Hold", *PAUSE, "Release", "TurnDropped"],
            True,
            id="mumble",
        ),
        pytest.param(
            mumbles(2.5),
            ["SpeechStarted", "Hold", "Interrupt", *PAUSE, "TurnDropped"],
            False,
            id="long mumble",
        ),
        pytest.param(says("uh huh"), NOTHING, True, id="back-channel"),
        pytest.param(
            says("yeah exactly right"),
            ["SpeechStarted", "Hold", *PAUSE, "Release", "TurnDropped"],
            True,
            id="long back-channel",
        ),
        pytest.param(says("stop"), [*A_TURN[:-1], "Interrupt", "TurnEnded"], False, id="short overlap"),
        pytest.param(
            says("wait a moment please"),
            ["SpeechStarted", "Hold", *PAUSE, "Interrupt", "TurnEnded"],
            False,
            id="overlap",
        ),
        pytest.param(
            says(LONG),
            ["SpeechStarted", "Hold", "Interrupt", *PAUSE, "TurnEnded"],
            False,
            id="long overlap",
        ),
    ],
)
async def test_over_an_answer(does: Does, decided: list[str], goes_on: bool) -> None:
    answers = ["All right."] if decided[-1] == "TurnEnded" else []
    async with scripted_call(COUNT, *answers) as s:
        await s.caller.says("count")
        await s.caller.hears("two")
        decisions = watched(s)
        await does(s.caller)
        await s.settles()
        assert kinds(decisions) == decided
        assert s.of(AgentTurnEndedEvent)[0].interrupted is not goes_on


@pytest.mark.parametrize(
    ("does", "decided"),
    [
        pytest.param(mumbles(0.2), NOTHING, id="cough"),
        pytest.param(says("okay"), NOTHING, id="back-channel"),
        pytest.param(mumbles(0.6), ["SpeechStarted", "Interrupt", *NOTHING[1:]], id="mumble"),
        pytest.param(says("i mean rome"), ["SpeechStarted", "Interrupt", *A_TURN[1:]], id="overlap"),
    ],
)
async def test_while_the_model_thinks(does: Does, decided: list[str]) -> None:
    answers = [Says(text="Noon.", first_token=3), *(["Noon it is."] if "Interrupt" in decided else [])]
    async with scripted_call(*answers) as s:
        await s.caller.says("what time is it")
        await s.caller.waits(1)
        decisions = watched(s)
        await does(s.caller)
        await s.caller.hears("noon", within=6)
        await s.settles()
        assert kinds(decisions) == decided


async def test_a_long_pause_inside_of_a_number() -> None:
    detector = ScriptedTurnDetector(unfinished=["five"])
    async with scripted_call(Says(text="Noted.", to="five five five one two"), detector=detector) as s:
        decisions = watched(s)
        await s.caller.says("five five five")
        await s.caller.waits(1.2)
        await s.caller.says("one two")
        await s.caller.hears("noted")
        await s.settles()
        assert kinds(decisions) == ["SpeechStarted", *PAUSE, "SpeechResumed", *A_TURN[1:]]
        assert isinstance(decisions[-1], TurnEnded)
        assert decisions[-1].by is EndedBy.DETECTOR


async def test_a_late_transcript() -> None:
    async with scripted_call("Noted.", stt=ScriptedSTT(delay=2)) as s:
        decisions = watched(s)
        await s.caller.says("one two three")
        await s.caller.waits(1.8)
        assert kinds(decisions) == A_TURN[:-1]
        await s.caller.hears("noted")
        assert kinds(decisions) == A_TURN


async def test_a_voice_without_audio() -> None:
    async with scripted_call("Nothing.", "Noon.", tts=ScriptedTTS(silent=["Nothing."])) as s:
        decisions = watched(s)
        await s.caller.says("what time is it")
        await s.settles()
        await s.caller.says("what time is it")
        await s.caller.hears("noon")
        assert len(s.of(TTSErrorEvent)) == 1
        assert kinds(decisions) == 2 * A_TURN


async def test_a_model_without_a_token() -> None:
    async with scripted_call("", "Noon.") as s:
        decisions = watched(s)
        await s.caller.says("what time is it")
        await s.settles()
        await s.caller.says("what time is it")
        await s.caller.hears("noon")
        assert len(s.of(LLMErrorEvent)) == 1
        assert kinds(decisions) == 2 * A_TURN


@pytest.mark.parametrize(
    ("does", "decided"),
    [
        pytest.param(waits(1), [], id="silence"),
        pytest.param(says("okay"), NOTHING, id="back-channel"),
        pytest.param(says("forget about it"), ["SpeechStarted", "Interrupt", *A_TURN[1:]], id="overlap"),
    ],
)
async def test_during_a_90_second_tool(does: Does, decided: list[str]) -> None:
    async def endless() -> str:
        """Take long."""
        await asyncio.sleep(90)
        return "done"

    last = "It was cut." if decided[-1:] == ["TurnEnded"] else Says(text="It took too long.", to="timed out")
    async with scripted_call(Calls(tool="endless"), last, tools=[endless]) as s:
        await s.caller.says("do it")
        await s.caller.waits(10)
        decisions = watched(s)
        await does(s.caller)
        await s.caller.hears("it", within=40)
        await s.settles()
        assert kinds(decisions) == decided
