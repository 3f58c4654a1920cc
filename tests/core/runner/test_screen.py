"""What is shown of a conversation."""

from __future__ import annotations

import pytest

from vision_agents.core.events.agent import AgentTurnEndedEvent, TurnMarksEvent, UserTranscriptEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ToolEndEvent, ToolStartEvent
from vision_agents.core.runner.screen import Screen


async def show(*events: Event) -> None:
    bus, screen = EventBus(), Screen()
    screen.attach(bus)
    for event in events:
        bus.publish(event)
    screen.show_summary()


async def test_one_line_each_however_long_or_broken(capsys: pytest.CaptureFixture[str]) -> None:
    long = "very " * 100 + "long"
    await show(
        UserTranscriptEvent(text=f"a [bold]{long}[/] :smile:\nstory"),
        AgentTurnEndedEvent(interrupted=True, text="It goes on and on.", spoken_text="It goes"),
    )

    assert capsys.readouterr().out.splitlines() == [
        f"caller: a [bold]{long}[/] :smile: story",
        "agent: It goes ... (interrupted)",
    ]


async def test_a_tool_is_shown_with_what_it_got_and_gave(capsys: pytest.CaptureFixture[str]) -> None:
    await show(
        ToolStartEvent(tool_name="order", arguments={"dish": "soup", "count": 2}, tool_call_id="1"),
        ToolStartEvent(tool_name="pay", arguments={}, tool_call_id="2"),
        ToolEndEvent(tool_name="pay", success=False, error="no money", tool_call_id="2"),
        ToolEndEvent(tool_name="order", success=True, result="2 soups", tool_call_id="1"),
    )

    assert capsys.readouterr().out.splitlines() == [
        "tool: pay() -> failed: no money",
        "tool: order(dish='soup', count=2) -> 2 soups",
    ]


async def test_the_summary_is_the_median_of_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    await show(*(TurnMarksEvent(response_delay_ms=ms) for ms in (900.4, None, 500.0, 700.0)))

    assert capsys.readouterr().out == "Response delay: median 700 ms over 3 turns.\n"


async def test_a_call_without_answers_has_no_summary_and_a_pipe_no_banner(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().show_banner()
    with Screen().progress("Getting ready ..."):
        pass
    await show()

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
