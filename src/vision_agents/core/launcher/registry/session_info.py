"""What everybody may know of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.core.types.units import Seconds


class SessionKey(NamedTuple):
    """Which session: its id, and that of the call it is in."""

    call_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """How a session stood when its node last told.

    Args:
        session_id: which session.
        call_id: the call it is in.
        node_id: the node that runs it.
        started_at: seconds since the epoch; for information only, nothing is decided by it.
        call_type: of the call.
        status: where it is in its life.
        reason: why it ended, or `owner_lost` while its node is not heard of.
        detail: free words on the reason.
        metrics: numbers by name; None where nothing was measured yet.
        metrics_updated_at: when these numbers were taken, in seconds since the epoch.
    """

    session_id: str
    call_id: str
    node_id: str
    started_at: Seconds
    call_type: str = "default"
    status: SessionStatus = SessionStatus.STARTING
    reason: Reason | None = None
    detail: str = ""
    metrics: Mapping[str, int | float | None] = field(default_factory=dict[str, int | float | None])
    metrics_updated_at: Seconds | None = None

    @property
    def key(self) -> SessionKey:
        """Which session this tells of."""
        return SessionKey(self.call_id, self.session_id)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            "session_id": self.session_id,
            "call_id": self.call_id,
            "node_id": self.node_id,
            "started_at": self.started_at,
            "call_type": self.call_type,
            "status": self.status.value,
            "reason": None if self.reason is None else self.reason.value,
            "detail": self.detail,
            "metrics": dict(self.metrics),
            "metrics_updated_at": self.metrics_updated_at,
        }

    @classmethod
    def from_dict(cls, values: object) -> SessionInfo:
        """Read what `to_dict` gave, of this version or another: unknown names are ignored.

        Raises:
            ValueError: something else was given.
        """
        if not isinstance(values, dict):
            raise ValueError("A session's entry must be an object.")  # noqa: TRY004 - one error for all faults
        entry = cast("dict[str, Any]", values)
        try:
            reason = entry.get("reason")
            return cls(
                session_id=_text(entry["session_id"]),
                call_id=_text(entry["call_id"]),
                node_id=_text(entry["node_id"]),
                started_at=float(entry["started_at"]),
                call_type=_text(entry.get("call_type", "default")),
                status=SessionStatus(entry.get("status", SessionStatus.ACTIVE)),
                reason=None if reason is None else Reason(reason),
                detail=_text(entry.get("detail", "")),
                metrics=_numbers(entry.get("metrics", {})),
                metrics_updated_at=_optional_number(entry.get("metrics_updated_at")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"A session's entry cannot be read: {type(error).__name__}: {error}") from error


_NUMBERS = {int, float, type(None)}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text is expected")
    return value


def _optional_number(value: object) -> int | float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError("a number is expected")
    return value


def _numbers(value: object) -> dict[str, int | float | None]:
    if not isinstance(value, dict):
        raise TypeError("an object of numbers is expected")
    numbers = cast("dict[Any, Any]", value)
    if not set(map(type, numbers)) <= {str} or not set(map(type, numbers.values())) <= _NUMBERS:
        raise TypeError("an object of numbers is expected")
    return numbers
