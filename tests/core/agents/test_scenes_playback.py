"""A transport that plays later than it is sent to: what was flushed was not heard."""

from __future__ import annotations

import pytest
from tests.core.agents.late_edge import LateEdge
from tests.core.agents.scene_parts import calls, now, played_call, until

from vision_agents.core.events.agent import AgentTurnEndedEvent, AgentTurnStartedEvent
from vision_agents.core.speech.utterance import UtteranceState

pytestmark = pytest.mark.virtual_time

COUNT: str = "One two three four five six seven eight nine ten."


async def test_a_turn_ends_when_the_last_sample_was_played_not_when_it_was_sent() -> None:
    async with played_call(edge=LateEdge()) as s:
        await s.session.say("One two three.")
        finished = now()
        await s.caller.waits(1)
        assert s.caller.heard_text == "one two three"
        assert finished == pytest.approx(s.caller.peer.heard[-1].at + 0.02, abs=0.021)


async def test_what_was_flushed_is_not_in_the_history() -> None:
    async with played_call(edge=LateEdge()) as s:
        handle = s.session.say(COUNT)
        await s.caller.hears("four")
        s.session.interrupt()
        await handle
        await s.caller.waits(1)
        heard = s.caller.heard_text.split()
        assert len(heard) <= 5
        assert abs(len(handle.spoken_text.split()) - len(heard)) <= 1
        assert s.said == [("assistant", f"{handle.spoken_text}…")]


async def test_what_was_flushed_at_a_false_interruption_is_heard_after_it() -> None:
    async with played_call(edge=LateEdge()) as s:
        handle = s.session.say(COUNT)
        await s.caller.hears("three")
        await s.caller.mumbles(0.8)
        await handle
        await s.caller.waits(1)
        first, second = (stretch.text.split() for stretch in s.caller.heard)
        words = COUNT.lower().rstrip(".").split()
        again = words.index(second[0])
        assert second == words[again:]
        assert again <= len(first)
        assert handle.spoken_text == COUNT


async def test_what_was_flushed_of_the_sentence_before_is_heard_after_it_too() -> None:
    async with played_call(edge=LateEdge()) as s:
        handle = s.session.say("One two three four five. Six seven eight.")
        await s.caller.hears("two")
        await s.caller.mumbles(0.6)
        await handle
        first, second = (stretch.text.split() for stretch in s.caller.heard)
        assert first[:2] == ["one", "two"]
        assert "five" not in first
        assert " ".join(second).endswith("five six seven eight")


async def test_a_turn_that_was_cut_before_it_was_heard_began_and_ended_and_left_no_word() -> None:
    async with played_call(edge=LateEdge()) as s:
        handle = s.session.say(COUNT)
        await s.caller.waits(0.2)
        s.session.interrupt()
        await handle
        assert handle.state is UtteranceState.INTERRUPTED
        assert s.said == []
        assert len(s.of(AgentTurnStartedEvent)) == len(s.of(AgentTurnEndedEvent))


async def test_the_next_utterance_follows_without_cutting_the_end_of_the_one_before() -> None:
    async with played_call(edge=LateEdge()) as s:
        await s.agent.say("One two three.")
        await (await s.agent.say("Four five six."))
        await s.caller.waits(1)
        assert s.caller.heard_text == "one two three four five six"


async def test_what_a_tool_says_begins_when_the_text_before_it_was_heard() -> None:
    async def look() -> str:
        """Look."""
        await s.session.say("Four five six.")
        return "there"

    answers = ["One two three. ", calls("look")], ["Seven."]
    async with played_call(*answers, edge=LateEdge(), tools=[look]) as s:
        await s.caller.says("count")
        await until(lambda: len(s.of(AgentTurnStartedEvent)) == 2)
        assert s.caller.heard_text == "one two three"
        await s.settles()
        assert s.caller.heard_text == "one two three four five six seven"
