"""What stays on the screen of a conversation, and what is shown while it happens."""

from __future__ import annotations

import pytest

from vision_agents.core.types.status import AgentState
from vision_agents.plugins.console.transcript import Line, Transcript, Voice
from vision_agents.testing import Calls, Fails, Says, scripted_call
from vision_agents.testing.scripted import ScriptedTTS

pytestmark = pytest.mark.virtual_time


class Paper:
    """A screen that keeps what it is shown."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.captions: list[str] = []
        self.saying: list[str] = []
        self.states: list[AgentState] = []
        self.transcript = Transcript(self)

    def show(self, line: Line) -> None:
        self.lines.append(line)

    def caption(self, text: str) -> None:
        self.captions.append(text)

    def changed(self) -> None:
        self.saying.append(self.transcript.saying)
        self.states.append(self.transcript.state)

    @property
    def said(self) -> list[tuple[Voice, str]]:
        return [(line.voice, line.text) for line in self.lines]


async def weather(place: str) -> str:
    """Look the weather up."""
    return f"sunny in {place}"


async def test_a_conversation_with_a_tool() -> None:
    paper = Paper()
    lines = (Calls(to="weather", tool="weather", arguments={"place": "Rome"}), Says(text="Sunny. Go out."))
    async with scripted_call(*lines, tools=[weather]) as s:
        paper.transcript.attach(s.agent.events)
        await s.caller.says("weather")
        await s.settles()

    assert paper.said == [
        (Voice.USER, "weather"),
        (Voice.TOOL, "weather(place='Rome') -> sunny in Rome"),
        (Voice.AGENT, "Sunny. Go out."),
    ]
    assert paper.captions == ["Sunny.", "Go out."]
    assert "Sunny. Go out." in paper.saying
    assert paper.transcript.saying == ""
    assert {AgentState.THINKING, AgentState.SPEAKING, AgentState.IDLE} <= set(paper.states)


async def test_the_time_of_each_turn_is_told_with_its_steps() -> None:
    paper = Paper()
    async with scripted_call("Yes.") as s:
        paper.transcript.attach(s.agent.events)
        s.session.take_text("well", s.session.connection.participants[0])
        await s.settles()

    aside = paper.lines[-1].aside
    total, steps = aside.split(" ms (")
    numbers = [int(step.split()[1]) for step in steps.rstrip(")").split(", ")]
    assert [step.split()[0] for step in steps.split(", ")] == ["turn", "model", "voice"]
    assert sum(numbers) == pytest.approx(int(total), abs=2)
    assert paper.transcript.delay == f"{total} ms"


async def test_what_was_cut_off_is_marked_and_ends_where_it_was_cut() -> None:
    paper = Paper()
    async with scripted_call("One two three four five six seven eight.") as s:
        paper.transcript.attach(s.agent.events)
        s.session.take_text("count", s.session.connection.participants[0])
        await s.caller.hears("three")
        await s.session.interrupt()

    line = paper.lines[-1]
    assert line.text.startswith("One two three")
    assert "eight" not in line.text
    assert line.aside.startswith("interrupted, ")


async def test_what_fails_is_shown() -> None:
    paper = Paper()
    async with scripted_call(Fails(error=RuntimeError("no model today")), tts=ScriptedTTS()) as s:
        paper.transcript.attach(s.agent.events)
        s.session.take_text("well", s.session.connection.participants[0])
        await s.settles()

    assert (Voice.ERROR, "no model today") in paper.said


async def test_after_detaching_nothing_more_is_shown() -> None:
    paper = Paper()
    async with scripted_call("Yes.") as s:
        paper.transcript.attach(s.agent.events)
        paper.transcript.detach(s.agent.events)
        s.session.take_text("well", s.session.connection.participants[0])
        await s.settles()

    assert paper.lines == []
    assert paper.states == []
