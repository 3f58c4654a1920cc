"""Tools are checked, bounded in time, and never fail the turn."""

import asyncio
import json
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from vision_agents.core.errors import ProviderError
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ToolEndEvent, ToolStartEvent
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.functions.running import RunningCall, in_tool, running_call
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.tools.executor import ToolExecutor, ToolLimits

pytestmark = pytest.mark.virtual_time

EventT = TypeVar("EventT", bound=Event)


class Workshop:
    """An executor, its tools, and the events it published."""

    def __init__(self, *tools: Callable[..., object], limits: ToolLimits | None = None) -> None:
        registry = FunctionRegistry()
        for tool in tools:
            registry.add(tool, description="A tool.")
        self.events: list[Event] = []
        self.executor = ToolExecutor(registry, self.events.append, limits)

    async def run(self, name: str, **arguments: object) -> FunctionResult:
        return await self.executor.run(FunctionCall("call_1", name, arguments), turn="utt_1")

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]


async def add(a: int, b: int = 1) -> int:
    await asyncio.sleep(0.25)
    return a + b


async def test_an_async_tool_gives_its_result() -> None:
    workshop = Workshop(add)
    result = await workshop.run("add", a=2, b=3)
    assert (result.call_id, result.name, result.output, result.is_error) == ("call_1", "add", "5", False)


async def test_a_sync_tool_runs_in_a_thread_of_its_own() -> None:
    def thread() -> str:
        return threading.current_thread().name

    result = await Workshop(thread).run("thread")
    assert result.output != threading.current_thread().name
    assert not result.is_error


async def test_a_start_and_an_end_are_told() -> None:
    workshop = Workshop(add)
    await workshop.run("add", a=2)
    start, end = workshop.events
    assert isinstance(start, ToolStartEvent)
    assert (start.tool_name, start.arguments, start.tool_call_id) == ("add", {"a": 2}, "call_1")
    assert isinstance(end, ToolEndEvent)
    assert (end.tool_name, end.tool_call_id, end.success, end.result, end.error) == (
        "add",
        "call_1",
        True,
        "3",
        None,
    )
    assert end.execution_time_ms == pytest.approx(250)


async def test_arguments_are_checked_and_turned_into_their_types() -> None:
    workshop = Workshop(add)
    assert (await workshop.run("add", a="2")).output == "3"
    wrong = await workshop.run("add", a="two")
    assert wrong.is_error
    assert "add was called with wrong arguments: a:" in wrong.output
    missing = await workshop.run("add")
    assert missing.is_error
    unknown = await workshop.run("add", a=1, c=1)
    assert unknown.is_error


async def test_an_unknown_tool_is_told_which_ones_there_are() -> None:
    result = await Workshop(add).run("subtract")
    assert result.is_error
    assert "subtract" in result.output
    assert "add" in result.output


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("as it is", "as it is"),
        ({"city": "Zürich", "degrees": 20.5}, '{"city": "Zürich", "degrees": 20.5}'),
        ([1, True, None], "[1, true, null]"),
        (None, "null"),
        (complex(1, 2), '"(1+2j)"'),
    ],
)
async def test_results_become_text(output: object, text: str) -> None:
    def give() -> object:
        return output

    assert (await Workshop(give).run("give")).output == text


async def test_a_result_that_cannot_be_text_is_an_error() -> None:
    def circle() -> object:
        around: list[object] = []
        around.append(around)
        return around

    result = await Workshop(circle).run("circle")
    assert (result.is_error, result.output) == (True, "The tool failed (ValueError).")


async def test_a_long_result_is_cut() -> None:
    def long() -> str:
        return "x" * 100

    workshop = Workshop(long, limits=ToolLimits(max_result=10))
    assert (await workshop.run("long")).output == "x" * 10
    assert [event.result for event in workshop.of(ToolEndEvent)] == ["x" * 10]


async def test_a_foreign_error_keeps_its_text_to_itself() -> None:
    def broken() -> None:
        raise OSError("password 4711")

    workshop = Workshop(broken)
    result = await workshop.run("broken")
    assert (result.is_error, result.output) == (True, "The tool failed (OSError).")
    [end] = workshop.of(ToolEndEvent)
    assert (end.success, end.result, end.error) == (False, None, "The tool failed (OSError).")


async def test_an_error_of_ours_is_told_in_full() -> None:
    async def look() -> None:
        raise ProviderError("The line is busy.", provider="test", stage="llm")

    assert (await Workshop(look).run("look")).output == "The line is busy."


class TestTime:
    """No tool keeps the caller waiting for ever."""

    async def test_a_slow_tool_times_out(self) -> None:
        ended: list[str] = []

        async def slow() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("cancelled")

        workshop = Workshop(slow, limits=ToolLimits(timeout=5))
        result = await workshop.run("slow")
        assert (result.is_error, result.output) == (True, "Tool slow timed out after 5 s.")
        assert asyncio.get_running_loop().time() == 5
        assert ended == ["cancelled"]

    async def test_a_time_out_of_the_tools_own_is_its_failure(self) -> None:
        async def fetch() -> None:
            raise TimeoutError

        result = await Workshop(fetch).run("fetch")
        assert result.output == "The tool failed (TimeoutError)."

    async def test_a_call_that_is_cancelled_ends_at_once(self) -> None:
        seen: list[RunningCall | None] = []

        async def slow() -> None:
            seen.append(running_call.get())
            await asyncio.sleep(3600)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await Workshop(slow).run("slow")
        [call] = seen
        assert call is not None
        assert not call.active

    @pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": -1}, {"max_result": 0}])
    def test_limits_that_let_nothing_through_are_refused(self, limits: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="must be > 0"):
            ToolLimits(**limits)


class TestTheRunningCall:
    """Code knows the tool call it runs in, until the tool has returned."""

    async def test_a_tool_knows_its_call(self) -> None:
        seen: list[RunningCall | None] = []

        async def on_loop() -> bool:
            seen.append(running_call.get())
            return in_tool()

        def in_thread() -> bool:
            seen.append(running_call.get())
            return in_tool()

        workshop = Workshop(on_loop, in_thread)
        assert (await workshop.run("on_loop")).output == "true"
        assert (await workshop.run("in_thread")).output == "true"
        assert [(call.id, call.name, call.turn) for call in seen if call] == [
            ("call_1", "on_loop", "utt_1"),
            ("call_1", "in_thread", "utt_1"),
        ]
        assert not in_tool()

    @pytest.mark.parametrize("fails", [False, True])
    async def test_a_task_that_a_tool_left_behind_sees_it_ended(self, fails: bool) -> None:
        seen: list[bool] = []
        left: list[asyncio.Task[None]] = []

        async def behind() -> None:
            seen.append(in_tool())
            await asyncio.sleep(1)
            seen.append(in_tool())

        async def leave() -> None:
            left.append(asyncio.get_running_loop().create_task(behind()))
            await asyncio.sleep(0.5)
            if fails:
                raise OSError

        await Workshop(leave).run("leave")
        await left[0]
        assert seen == [True, False]

    async def test_parallel_calls_know_their_own(self) -> None:
        async def name(wait: float) -> str:
            await asyncio.sleep(wait)
            call = running_call.get()
            return call.id if call else ""

        executor = Workshop(name).executor
        results = await asyncio.gather(
            *(executor.run(FunctionCall(f"call_{n}", "name", {"wait": 3 - n})) for n in range(3))
        )
        assert [result.output for result in results] == ["call_0", "call_1", "call_2"]


async def test_methods_partials_and_callable_objects_are_tools() -> None:
    class Shop:
        def price(self, item: str) -> str:
            return f"{item}: 5"

        async def __call__(self, item: str) -> str:
            return f"{item}: sold"

    shop = Shop()
    workshop = Workshop(shop.price, partial(add, b=10), shop)
    assert (await workshop.run("price", item="tea")).output == "tea: 5"
    assert (await workshop.run("add", a=1)).output == "11"
    assert (await workshop.run("Shop", item="tea")).output == "tea: sold"


async def test_the_model_is_told_of_all_tools() -> None:
    [schema] = Workshop(add).executor.schemas
    assert (schema.name, schema.description) == ("add", "A tool.")
    assert json.loads(json.dumps(schema.parameters))["required"] == ["a"]
