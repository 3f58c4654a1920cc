"""Tools in a conversation, as the caller hears them."""

import asyncio

import pytest

from vision_agents.core.events.plugin import (
    ToolEndEvent,
    ToolStartEvent,
)
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.testing import (
    Calls,
    Says,
    scripted_call,
)

pytestmark = pytest.mark.virtual_time


def get_weather(location: str) -> str:
    """Get the current weather for a location."""
    return f"The weather in {location} is sunny and 72°F."


async def test_a_tool_is_called_and_its_result_is_spoken() -> None:
    async with scripted_call(
        Calls(tool="get_weather", arguments={"location": "Paris"}, to="weather in paris"),
        Says(text="It is sunny in Paris.", to="72°F"),
        tools=[get_weather],
    ) as s:
        await s.caller.says("what is the weather in paris")
        await s.caller.hears("it is sunny in paris")
        await s.settles()
        assert [(e.tool_name, e.arguments) for e in s.of(ToolStartEvent)] == [
            ("get_weather", {"location": "Paris"})
        ]
        assert [e.success for e in s.of(ToolEndEvent)] == [True]
        kinds = [type(item) for item in s.session.history]
        assert kinds[1:3] == [FunctionCall, FunctionResult]


async def test_interrupted_tools_leave_a_result_in_the_history() -> None:
    async def slow() -> str:
        """Take long."""
        await asyncio.sleep(90)
        return "done"

    async with scripted_call(
        Calls(tool="slow"), Says(text="Stopped.", to="never mind that"), tools=[slow]
    ) as s:
        await s.caller.says("do it")
        await s.caller.waits(2)
        await s.caller.says("never mind that")
        await s.caller.hears("stopped")
        await s.settles()
        results = [item for item in s.session.history if isinstance(item, FunctionResult)]
        assert [result.is_error for result in results] == [True]


async def test_a_tool_that_fails_is_told_to_the_model() -> None:
    def broken() -> str:
        """Break."""
        raise ValueError("secret 4711")

    async with scripted_call(
        Calls(tool="broken"), Says(text="It did not work.", to="ValueError"), tools=[broken]
    ) as s:
        await s.caller.says("do it")
        await s.caller.hears("it did not work")
        await s.settles()
        [result] = [item for item in s.session.history if isinstance(item, FunctionResult)]
        assert result.is_error
        assert "4711" not in result.output


async def test_a_90_second_tool_times_out_and_the_model_is_told() -> None:
    async def endless() -> str:
        """Take long."""
        await asyncio.sleep(90)
        return "done"

    async with scripted_call(
        Calls(tool="endless"), Says(text="That took too long.", to="timed out"), tools=[endless]
    ) as s:
        await s.caller.says("do it")
        await s.caller.hears("that took too long", within=40)
        await s.settles()


async def test_a_say_inside_a_tool_is_heard_before_the_answer_and_cuts_nothing() -> None:
    async with scripted_call(Calls(tool="look"), Says(text="Found it.", to="there")) as s:

        @s.agent.llm.register_function(description="Look for it.")
        async def look() -> str:
            await s.session.say("One moment.")
            return "there"

        await s.caller.says("where is it")
        await s.caller.hears("one moment found it")
        await s.settles()
        assert s.said[1:] == [("assistant", "One moment."), ("assistant", "Found it.")]
