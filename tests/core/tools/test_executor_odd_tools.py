"""Tools that are not written as one expects still give a result or fail alone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ToolEndEvent
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.tools.executor import ToolExecutor

pytestmark = pytest.mark.virtual_time


async def run(tool: Callable[..., object]) -> tuple[FunctionResult, list[ToolEndEvent]]:
    """Run one tool as the model would; give its result and what was told of its end."""
    registry, events = FunctionRegistry(), list[Event]()
    registry.add(tool, name="odd", description="A tool.")
    executor = ToolExecutor(registry, events.append)
    result = await executor.run(FunctionCall("call_1", "odd", {}), turn="utt_1")
    return result, [event for event in events if isinstance(event, ToolEndEvent)]


async def test_a_tool_that_raises_cancelled_error_has_failed_and_nobody_was_cancelled() -> None:
    async def odd() -> str:
        raise asyncio.CancelledError

    result, ends = await run(odd)
    assert result.is_error
    assert [end.success for end in ends] == [False]


async def test_the_awaitable_that_a_plain_function_gives_is_awaited() -> None:
    async def real() -> str:
        await asyncio.sleep(0.1)
        return "fine"

    def wrapper() -> Awaitable[str]:
        return real()

    result, ends = await run(wrapper)
    assert (result.output, result.is_error) == ("fine", False)
    assert [end.success for end in ends] == [True]
