"""Marks a function or a method as a tool where it is defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, overload

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])

_MARK = "__function_tool__"


@dataclass(frozen=True, slots=True)
class ToolMark:
    """What the decorator was told; None where the function's own name or docstring decides."""

    name: str | None = None
    description: str | None = None


@overload
def function_tool(function: FunctionT, /) -> FunctionT: ...


@overload
def function_tool(
    *, name: str | None = None, description: str | None = None
) -> Callable[[FunctionT], FunctionT]: ...


def function_tool(
    function: Callable[..., object] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
) -> Any:
    """Mark a function as a tool: bare, or with a name and a description of its own.

    An agent offers the marked methods of its class; a function outside goes to ``Agent(tools=[...])``.
    """

    def mark(marked: FunctionT) -> FunctionT:
        setattr(marked, _MARK, ToolMark(name, description))
        return marked

    return mark if function is None else mark(function)


def tool_mark(function: Callable[..., object]) -> ToolMark:
    """Read a function's mark; an empty one where it has none."""
    return getattr(function, _MARK, ToolMark())


def marked_methods(owner: object) -> Iterator[Callable[..., object]]:
    """Find the bound methods of `owner` that its class or the classes it builds on mark, oldest first."""
    kinds = reversed(type(owner).__mro__)
    marked = [name for kind in kinds for name, member in vars(kind).items() if hasattr(member, _MARK)]
    for name in dict.fromkeys(marked):
        method = getattr(owner, name)
        if hasattr(method, _MARK):  # an override without the mark takes the tool back
            yield method
