"""The seam to OpenTelemetry: where nobody has set up tracing, nothing is imported and nothing is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.observability.turn_record import ToolRun, TurnRecord, TurnWork
from vision_agents.core.types.component import ComponentInfo
from vision_agents.core.types.status import CloseReason
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedSession:
    """What a session's span says of it."""

    session_id: str
    call_id: str
    call_type: str
    providers: Mapping[str, ComponentInfo]


class SessionTrace:
    """Takes what a session does, and keeps none of it; `SpanTrace` makes spans of it.

    All times are the event loop's.
    """

    def inside(self) -> AbstractContextManager[object]:
        """Let spans that other code makes inside of the block belong to the session."""
        return nullcontext()

    def tool(
        self, turn_id: str, timeline: TurnTimeline, work: TurnWork, run: ToolRun
    ) -> AbstractContextManager[object]:
        """Let spans that other code makes inside of the block belong to a tool that runs in a turn."""
        return nullcontext()

    def joined(self, at: Seconds) -> None:
        """Note when the call was joined."""

    def turn(self, record: TurnRecord) -> None:
        """Note a turn that is over."""

    def end(self, reason: CloseReason, error: BaseException | None = None) -> None:
        """Note that the session is over."""


def trace_session(describe: Callable[[], TracedSession], clock: Callable[[], Seconds]) -> SessionTrace:
    """Begin the trace of a session, which is described where it is traced.

    Tracing must have been set up before: a session does not begin to be traced in the middle.
    """
    # A tracer can only have been set up by who imported the API, or named one in the environment.
    if "opentelemetry.trace" not in sys.modules and "OTEL_PYTHON_TRACER_PROVIDER" not in os.environ:
        return SessionTrace()
    from vision_agents.core.observability.spans import SpanTrace

    trace = SpanTrace(describe(), clock)
    return trace if trace.wanted else SessionTrace()
