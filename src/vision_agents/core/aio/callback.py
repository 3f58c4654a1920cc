"""Calling functions of the application, whatever they are: sync, async, partial, callable objects."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

Callback: TypeAlias = Callable[..., Any]
"""Any callable; where it gives an awaitable, that is awaited."""


def fitting(callback: Callback, *arguments: object) -> tuple[object, ...]:
    """Give as many of `arguments` as `callback` takes by position."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):  # some callables written in C tell nothing
        return arguments
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return arguments
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return arguments[: sum(parameter.kind in kinds for parameter in parameters)]


async def call(callback: Callback, *arguments: object) -> None:
    """Call `callback` with what it takes of `arguments`, and wait for it where it is async."""
    outcome = callback(*fitting(callback, *arguments))
    if inspect.isawaitable(outcome):
        await outcome
