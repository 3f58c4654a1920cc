"""The functions that an agent's model may call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, TypeVar, cast

from vision_agents.core.errors import ConfigurationError, ToolError
from vision_agents.core.functions.function_tool import tool_mark
from vision_agents.core.functions.schema import Signature, ToolSchema, definition

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

ToolFunctionT = TypeVar("ToolFunctionT", bound=Callable[..., object])


class Tool:
    """A registered function, sync or async."""

    def __init__(self, name: str, description: str, function: Callable[..., object]) -> None:
        self.name = name
        self.description = description
        self.function = function
        self._signature = Signature(name, function)

    @cached_property
    def schema(self) -> ToolSchema:
        """What the model is told."""
        return ToolSchema(
            name=self.name, description=self.description, parameters=self._signature.json_schema
        )

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine; a sync tool runs in a thread."""
        call = getattr(self.function, "__call__", None)  # noqa: B004 - a callable object's own method is wanted
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(call)

    def bind(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Check a model's arguments and turn them into keyword arguments."""
        return self._signature.bind(arguments)


class FunctionRegistry:
    """Tools by name, in the order in which they were registered."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}

    def register(
        self, name: str | None = None, *, description: str | None = None
    ) -> Callable[[ToolFunctionT], ToolFunctionT]:
        """Decorate a function to offer it; name and description default to its own name and docstring."""
        if callable(name):
            raise ConfigurationError("The decorator needs parentheses: write @register_function().")

        def keep(function: ToolFunctionT) -> ToolFunctionT:
            self.add(function, name=name, description=description)
            return function

        return keep

    def add(
        self, function: Callable[..., object], *, name: str | None = None, description: str | None = None
    ) -> None:
        """Offer a function under a name that is not taken yet; where none is given its mark decides."""
        mark = tool_mark(function)
        tool_name = name or mark.name or _own_name(function)
        if not _NAME.fullmatch(tool_name):
            raise ConfigurationError(
                f"A tool cannot be named {tool_name!r}: use 1 to 64 letters, digits, _ and -, with name=."
            )
        if tool_name in self._tools:
            raise ConfigurationError(
                f"A tool named {tool_name!r} is registered already: choose another name."
            )
        text = description or mark.description or _summary(function)
        if not text:
            raise ConfigurationError(
                f"Tool {tool_name!r} has no description: pass description= or write a docstring."
            )
        self._tools[tool_name] = Tool(tool_name, text, function)

    def adopt(self, other: FunctionRegistry) -> None:
        """Take over the tools of another registry that are not here yet."""
        for name, tool in other._tools.items():
            self._tools.setdefault(name, tool)

    def get(self, name: str) -> Tool:
        """Find a tool, or say which ones there are."""
        try:
            return self._tools[name]
        except KeyError:
            known = ", ".join(self._tools) or "none"
            raise ToolError(f"There is no tool named {name!r}; known: {known}.") from None

    def schemas(self) -> tuple[ToolSchema, ...]:
        """What the model is told of all tools."""
        return tuple(tool.schema for tool in self._tools.values())

    def __contains__(self, name: str) -> bool:
        """Whether a tool of that name is registered."""
        return name in self._tools

    def __len__(self) -> int:
        """Count the tools."""
        return len(self._tools)


def _own_name(function: Callable[..., object]) -> str:
    if isinstance(function, partial):
        return definition(cast("partial[object]", function)).__name__
    return getattr(function, "__name__", type(function).__name__)


def _summary(function: Callable[..., object]) -> str:
    """First paragraph of the docstring: the rest is about parameters."""
    text = definition(function).__doc__
    if not text and not isinstance(function, partial):  # a callable object is described by its class
        text = function.__doc__
    return " ".join(inspect.cleandoc(text or "").split("\n\n", 1)[0].split())
