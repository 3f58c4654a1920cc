"""Run the tools a model asks for: checked, timed, never failing the turn."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vision_agents.core.errors import ToolError, VisionAgentsError
from vision_agents.core.events.event import Event
from vision_agents.core.events.plugin import ToolEndEvent, ToolStartEvent
from vision_agents.core.functions.registry import FunctionRegistry, Tool
from vision_agents.core.functions.running import RunningCall, running_call
from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """Bounds of one tool call."""

    timeout: Seconds = 30.0
    max_result: int = 16_384
    """Characters of a result that reach the model."""

    def __post_init__(self) -> None:
        """Refuse limits that let nothing through."""
        if self.timeout <= 0 or self.max_result <= 0:
            raise ValueError("timeout and max_result must be > 0.")


class ToolExecutor:
    """Runs one call at a time; a failure becomes a result that tells the model what went wrong.

    `hand_over` is asked first what the model is told of a result; None leaves it as it is.
    """

    def __init__(
        self,
        registry: FunctionRegistry,
        publish: Callable[[Event], None],
        limits: ToolLimits | None = None,
        *,
        hand_over: Callable[[object], str | None] | None = None,
    ) -> None:
        self._registry = registry
        self._publish = publish
        self._limits = limits or ToolLimits()
        self._hand_over = hand_over

    @property
    def schemas(self) -> tuple[ToolSchema, ...]:
        """What a model is told of the tools."""
        return self._registry.schemas()

    async def run(self, call: FunctionCall, *, turn: str = "") -> FunctionResult:
        """Run the tool for the answer `turn`; async ones on the loop, sync ones in a thread."""
        clock = asyncio.get_running_loop().time
        self._publish(ToolStartEvent(tool_name=call.name, arguments=call.arguments, tool_call_id=call.id))
        started = clock()
        try:
            output = await self._call(call, turn)
            taken = self._hand_over(output) if self._hand_over else None
            text = taken or _as_text(output)[: self._limits.max_result]
            result = FunctionResult(call.id, call.name, text)
        except asyncio.CancelledError:
            self._publish(
                ToolEndEvent(
                    tool_name=call.name,
                    tool_call_id=call.id,
                    success=False,
                    error="interrupted",
                    execution_time_ms=(clock() - started) * 1000,
                )
            )
            raise
        except Exception as error:  # noqa: BLE001 - a tool is foreign code
            logger.warning("A tool failed", extra={"tool": call.name, "error": type(error).__name__})
            result = FunctionResult(call.id, call.name, _explain(error), is_error=True)
        self._publish(
            ToolEndEvent(
                tool_name=call.name,
                tool_call_id=call.id,
                success=not result.is_error,
                result=None if result.is_error else result.output,
                error=result.output if result.is_error else None,
                execution_time_ms=(clock() - started) * 1000,
            )
        )
        return result

    async def _call(self, call: FunctionCall, turn: str) -> object:
        tool = self._registry.get(call.name)
        arguments = tool.bind(call.arguments)
        running = RunningCall(call.id, call.name, turn)
        token = running_call.set(running)
        limit = asyncio.timeout(self._limits.timeout)
        try:
            async with limit:
                return await _invoke(tool, arguments)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise ToolError(f"Tool {call.name} was cancelled from within.") from error
        except TimeoutError as error:
            if not limit.expired():  # the tool's own
                raise
            raise ToolError(f"Tool {call.name} timed out after {self._limits.timeout:g} s.") from error
        finally:
            running.active = False
            running_call.reset(token)


async def _invoke(tool: Tool, arguments: Mapping[str, Any]) -> object:
    outcome: Any
    if tool.is_async:
        outcome = tool.function(**arguments)
    else:
        outcome = await asyncio.to_thread(tool.function, **arguments)
    return await outcome if inspect.isawaitable(outcome) else outcome


def _as_text(output: object) -> str:
    return output if isinstance(output, str) else json.dumps(output, default=str, ensure_ascii=False)


def _explain(error: Exception) -> str:
    """Tell the model what happened; texts of foreign errors may hold secrets and stay out."""
    if isinstance(error, VisionAgentsError):
        return str(error)
    return f"The tool failed ({type(error).__name__})."
