"""Runs the tools that an answer asks for, and keeps their record in the history complete."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vision_agents.core.agents.answer import Answer
from vision_agents.core.agents.handed_over import HandedOver
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.functions.schema import ToolSchema
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import FunctionCall, FunctionResult
from vision_agents.core.observability.timeline import Mark
from vision_agents.core.observability.turn_record import ToolRun
from vision_agents.core.tools.executor import ToolExecutor


class ToolRounds:
    """Tools of one answer after the other, each round once the answer is committed.

    Args:
        tools: runs them.
        history: calls and results are added here.
        reports: told of the tools that run.
        handed_over: knows whether a tool has handed the call over.
    """

    def __init__(
        self,
        tools: ToolExecutor,
        *,
        history: Conversation,
        reports: TurnReports,
        handed_over: HandedOver,
    ) -> None:
        self._tools = tools
        self._history = history
        self._reports = reports
        self._handed_over = handed_over
        self._clock = asyncio.get_running_loop().time

    @property
    def schemas(self) -> tuple[ToolSchema, ...]:
        """What a model is told of the tools."""
        return self._tools.schemas

    async def run(self, answer: Answer, calls: Sequence[FunctionCall]) -> list[FunctionResult]:
        """Run the calls one by one, in the order in which the model asked."""
        await answer.committed.wait()
        answer.timeline.mark(Mark.TOOL_CALLED, self._clock())
        results: list[FunctionResult] = []
        for call in calls:
            self._history.add(call)
            answer.open_calls.append(call)
            run = ToolRun(self._clock(), call.name)
            answer.work.tools.append(run)
            with self._reports.tool(answer, run):
                result = await self._tools.run(call, turn=answer.utterance.id)
                run.ended, run.failed = self._clock(), result.is_error
            if call not in answer.open_calls:  # the turn was cut, and the tool would not be cancelled
                raise asyncio.CancelledError
            answer.open_calls.remove(call)
            self._history.add(result)
            results.append(result)
        answer.timeline.mark(Mark.TOOL_DONE, self._clock())
        answer.handed_over = bool(self._handed_over)
        return results

    def abandon(self, answer: Answer) -> list[FunctionResult]:
        """Close the record of tools that are not waited for: the model must know that they were called."""
        text = "The user interrupted before the result came."
        results = [FunctionResult(c.id, c.name, text, is_error=True) for c in answer.open_calls]
        answer.open_calls.clear()
        for result in results:
            self._history.add(result)
        return results
