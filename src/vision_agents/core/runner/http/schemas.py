"""What goes over HTTP: bodies of requests and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.types.status import Reason, SessionStatus
from vision_agents.core.types.units import Seconds

CallType = Annotated[
    str,
    Field(
        description="Type of the call, in the alphabet of call ids.",
        json_schema_extra={"pattern": "^[a-z0-9_-]+$", "minLength": 1, "maxLength": 64},
    ),
]
"""Checked by the launcher's own rule, whose refusal is a 400."""

CallId = Annotated[
    str,
    Field(
        description="Id of the call.",
        json_schema_extra={"pattern": "^[a-z0-9_-]+$", "minLength": 1, "maxLength": 128},
    ),
]


class StartSessionRequest(BaseModel):
    """Which agent is wanted in the call of the path."""

    model_config = ConfigDict(strict=True)

    call_type: CallType = "default"


class StartSessionAliasRequest(StartSessionRequest):
    """Which call an agent is wanted in."""

    call_id: CallId


class SessionStarted(BaseModel):
    """A session that has begun."""

    session_id: str
    call_id: str
    session_started_at: datetime
    close_token: Annotated[
        str | None,
        Field(
            description="Only where an API key is set: closes this session once, in the body of POST close."
        ),
    ] = None


class SessionStartedAlias(BaseModel):
    """A session that has begun."""

    session_id: str
    call_id: str
    started_at: datetime
    close_token: Annotated[
        str | None, Field(description="Only where an API key is set: closes this session once.")
    ] = None


class SessionView(BaseModel):
    """A live session."""

    session_id: str
    call_id: str
    session_started_at: datetime
    status: SessionStatus
    node: Annotated[str, Field(description="Id of the node that runs it.")]
    reason: Annotated[Reason | None, Field(description="Why it ends, or that its node is lost.")] = None


class SessionViewAlias(BaseModel):
    """A live session."""

    session_id: str
    call_id: str
    started_at: datetime
    status: SessionStatus


class SessionList(BaseModel):
    """Live sessions, of every node."""

    sessions: list[SessionView]


class SessionMetrics(BaseModel):
    """What was measured in a session: live on its own node, its last heartbeat's from another."""

    session_id: str
    call_id: str
    session_started_at: datetime
    metrics_generated_at: datetime
    metrics: dict[str, int | float | None]


class Closed(BaseModel):
    """The request to close was taken."""

    success: Literal[True] = True


class Health(BaseModel):
    """The process answers."""

    status: Literal["healthy"] = "healthy"
    warmed_up: bool
    running: bool


class Ready(BaseModel):
    """The server takes new sessions; the registry's state is told and decides nothing."""

    status: Literal["ready"] = "ready"
    registry: Literal["available", "unavailable"]


class LauncherMetrics(BaseModel):
    """How many sessions this node runs and ran."""

    active_sessions: int
    total_sessions_started: int
    warmed_up: bool
    running: bool


def timestamp(moment: Seconds) -> str:
    """Write a time since the epoch in UTC, to the millisecond."""
    exact = datetime.fromtimestamp(round(moment * 1000) / 1000, UTC)
    return exact.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def view(info: SessionInfo) -> dict[str, object]:
    """Show a session."""
    return {
        "session_id": info.session_id,
        "call_id": info.call_id,
        "session_started_at": timestamp(info.started_at),
        "status": info.status,
        "node": info.node_id,
        "reason": info.reason,
    }


def alias_view(info: SessionInfo) -> dict[str, object]:
    """Show a session, in the alias's shape."""
    return {
        "session_id": info.session_id,
        "call_id": info.call_id,
        "started_at": timestamp(info.started_at),
        "status": info.status,
    }
