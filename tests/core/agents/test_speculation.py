"""Answers that are begun before the turn is over."""

import pytest

from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.events.agent import SpeculationDroppedEvent, TurnMarksEvent
from vision_agents.core.events.plugin import ToolStartEvent
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.testing import Calls, Says, ScriptedLLM, ScriptedTurnDetector, scripted_call

pytestmark = pytest.mark.virtual_time

EARLY = TurnHandling(speculate=True, judge_after=0.3)
LATE = TurnHandling(speculate=False, judge_after=0.3)


def note() -> str:
    """Take a note."""
    return "noted"


async def response_delay(settings: TurnHandling) -> float:
    async with scripted_call(Says(text="It is noon.", first_token=0.3), turn_handling=settings) as s:
        await s.caller.says("what time is it")
        await s.caller.hears("it is noon")
        await s.settles()
        [marks] = s.of(TurnMarksEvent)
        assert marks.response_delay_ms is not None
        return marks.response_delay_ms


async def test_a_prepared_answer_is_heard_sooner() -> None:
    assert await response_delay(EARLY) < await response_delay(LATE) - 60


async def test_what_was_prepared_shows_as_marks_before_the_end_of_the_turn() -> None:
    async with scripted_call(Says(text="Noon.", first_token=0.02), turn_handling=EARLY) as s:
        await s.caller.says("what time is it")
        await s.settles()
        [marks] = s.of(TurnMarksEvent)
        assert marks.marks_ms["llm_first_token"] < marks.marks_ms["end_of_turn"]
        assert sum(marks.spans_ms.values()) == pytest.approx(marks.response_delay_ms)


async def test_going_on_drops_what_was_prepared_and_counts_it() -> None:
    detector = ScriptedTurnDetector(unfinished=["paris"])
    wrong, right = (
        Says(text="Sunny in Paris.", to="weather in paris"),
        Says(text="Rainy.", to="or rather rome"),
    )
    async with scripted_call(wrong, right, detector=detector, turn_handling=EARLY) as s:
        await s.caller.says("the weather in paris")
        await s.caller.waits(0.8)
        await s.caller.says("or rather rome")
        await s.caller.hears("rainy")
        await s.settles()
        assert s.caller.heard_text == "rainy"
        assert s.said == [("user", "the weather in paris or rather rome"), ("assistant", "Rainy.")]
        assert [event.tokens for event in s.of(SpeculationDroppedEvent)] == [3]


async def test_no_tool_runs_before_the_turn_is_over() -> None:
    detector = ScriptedTurnDetector(unfinished=["note"])
    async with scripted_call(
        Calls(tool="note", first_token=0.01),
        Says(text="Done.", to="noted"),
        detector=detector,
        turn_handling=EARLY,
        tools=[note],
    ) as s:
        await s.caller.says("take a note")
        await s.caller.waits(1.0)
        assert not s.of(ToolStartEvent)
        assert s.said == []
        await s.caller.hears("done")
        await s.settles()
        assert len(s.of(ToolStartEvent)) == 1


async def test_the_history_that_a_prepared_answer_sees_ends_with_the_question() -> None:
    async with scripted_call("One.", "Two.", turn_handling=EARLY) as s:
        await s.caller.says("first question")
        await s.settles()
        await s.caller.says("second question")
        await s.settles()
        texts = [[getattr(item, "text", "") for item in request.items] for request in s.llm.requests]
        assert texts == [["first question"], ["first question", "One.", "second question"]]


async def test_speech_of_the_application_takes_the_place_of_what_was_prepared() -> None:
    detector = ScriptedTurnDetector(unfinished=["paris"])
    async with scripted_call(
        Says(text="Sunny.", first_token=2),
        Says(text="In Paris.", to="paris"),
        detector=detector,
        turn_handling=EARLY,
    ) as s:
        await s.caller.says("the weather in paris")
        await s.caller.waits(0.4)
        s.session.say("Hold on.")
        await s.caller.hears("hold on")
        await s.settles()
        assert "sunny" not in s.caller.heard_text


async def test_marks_of_an_answer_made_in_vain_are_not_those_of_the_next_one() -> None:
    detector = ScriptedTurnDetector(unfinished=["paris"])
    async with scripted_call(
        Says(text="Sunny.", first_token=0.05),
        Says(text="In Paris.", to="paris"),
        detector=detector,
        turn_handling=EARLY,
    ) as s:
        await s.caller.says("the weather in paris")
        await s.caller.waits(0.4)
        s.session.say("Hold on.")
        await s.caller.hears("in paris")
        await s.settles()
        [marks] = s.of(TurnMarksEvent)
        assert marks.marks_ms["llm_first_token"] > marks.marks_ms["end_of_turn"]


def test_an_agent_speculates_unless_it_is_told_not_to() -> None:
    assert Pipeline(llm=ScriptedLLM()).turns.speculate
