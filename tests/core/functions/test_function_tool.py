"""Methods marked as tools are found, in the order of their definition."""

from vision_agents.core.functions.function_tool import ToolMark, function_tool, marked_methods, tool_mark


class Reception:
    @function_tool
    def opening_hours(self) -> str:
        """Tell when we are open."""
        return "nine to five"

    @function_tool(name="transfer", description="Hand over to a colleague.")
    async def to_human(self) -> str:
        return "done"

    def internal(self) -> None: ...


class NightReception(Reception):
    @function_tool
    def wake_up_call(self, hour: int) -> str:
        """Order a wake-up call."""
        return f"{hour} o'clock"

    async def to_human(self) -> str:
        return "nobody is here"

    @function_tool
    def opening_hours(self) -> str:
        """Tell when the desk is open."""
        return "all night"


def test_marked_methods_are_found_bound_to_their_owner() -> None:
    desk = Reception()

    assert list(marked_methods(desk)) == [desk.opening_hours, desk.to_human]


def test_a_subclass_adds_replaces_and_takes_back() -> None:
    desk = NightReception()
    tools = list(marked_methods(desk))

    assert tools == [desk.opening_hours, desk.wake_up_call]
    assert tools[0]() == "all night"


def test_a_mark_holds_what_the_decorator_was_told() -> None:
    assert tool_mark(Reception.to_human) == ToolMark("transfer", "Hand over to a colleague.")
    assert tool_mark(Reception.opening_hours) == ToolMark()
    assert tool_mark(Reception.internal) == ToolMark()


def test_a_marked_function_stays_the_function_it_was() -> None:
    def answer() -> int:
        return 42

    assert function_tool(answer) is answer
    assert function_tool(name="reply")(answer) is answer
