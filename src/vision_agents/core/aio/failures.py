"""What may be told of an error in a log: what it is and where it came from, never what it says."""

from __future__ import annotations

import traceback
from types import TracebackType

from vision_agents.core.errors import VisionAgentsError

_OWN = "vision_agents."


def failure_fields(error: BaseException) -> dict[str, str]:
    """Fields for a log record: the error's class, and file, line and function of its innermost frames.

    Foreign errors put keys and spoken words into their texts, so no text is told, at no level; only that of
    an error of ours, raised by code of ours, which keeps both out.
    """
    fields = {"error": type(error).__name__, "where": _where(error)}
    if isinstance(error, VisionAgentsError) and _raised_by_us(error.__traceback__):
        fields["text"] = str(error)
    return fields


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[:-6:-1])


def _raised_by_us(trace: TracebackType | None) -> bool:
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")).startswith(_OWN)
