"""Which tool call the present code runs in, if any."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RunningCall:
    """A tool call; `active` turns False when the tool has returned, also for tasks it left behind.

    `turn` is the id of the utterance whose answer called the tool.
    """

    id: str
    name: str
    turn: str = ""
    active: bool = True


running_call: ContextVar[RunningCall | None] = ContextVar("running_call", default=None)


def in_tool() -> bool:
    """Tell whether this code runs inside a tool that has not returned."""
    call = running_call.get()
    return call is not None and call.active
