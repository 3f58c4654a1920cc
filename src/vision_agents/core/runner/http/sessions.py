"""Starting, closing, finding and listing sessions over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.errors import (
    InvalidCallId,
    LauncherNotRunning,
    RegistryUnavailable,
    SessionClosed,
    SessionLimitExceeded,
    StartTimeout,
)
from vision_agents.core.launcher.registry.session_info import SessionInfo
from vision_agents.core.runner.http.auth import close_token
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.schemas import timestamp
from vision_agents.core.runner.http.state import ServerState, state_of
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.units import Seconds

_T = TypeVar("_T")

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_REFUSALS = (InvalidCallId, SessionLimitExceeded, LauncherNotRunning, RegistryUnavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A session that has begun; `started_at` is in seconds since the epoch."""

    session_id: str
    call_id: str
    started_at: Seconds

    def to_json(self) -> bytes:
        """Write it for the registry."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Started:
        """Read it again."""
        return cls(**json.loads(text))


async def start(state: ServerState, call_id: str, call_type: str) -> Started:
    """Start a session.

    Raises:
        Problem: the agent could not be started; the session's id is in the document.
        LaunchError: the launcher refuses.
    """
    launcher, session_id = state.launcher, new_id()
    named = {"session_id": session_id}
    try:
        session = await launcher.start_session(call_id, call_type, session_id=session_id)
    except _REFUSALS:
        raise
    except SessionClosed as error:
        raise Problem(
            409, "closed_while_starting", "The session was closed before it began", members=named
        ) from error
    except StartTimeout as error:
        raise Problem(504, "start_timeout", "The agent was not built in time", members=named) from error
    except Exception as error:  # create_agent is the user's own; the launcher has told the log
        raise Problem(500, "agent_failed", "Failed to start agent", members=named) from error
    assert session.started_at is not None
    return Started(session_id=session.id, call_id=call_id, started_at=session.started_at.timestamp())


async def while_connected(request: Request, work: Callable[[], Awaitable[_T]]) -> _T:
    """Do the work, unless the client leaves: then it is cancelled, for nobody would know of its result.

    Raises:
        ClientDisconnect: the client left.
    """
    limit = asyncio.timeout(None)
    async with TaskScope("request") as scope:
        try:
            async with limit:
                scope.start(_when_gone(request, limit), name="client")
                return await work()
        except TimeoutError as error:
            if limit.expired():
                raise ClientDisconnect from error
            raise


async def _when_gone(request: Request, limit: asyncio.Timeout) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    limit.reschedule(asyncio.get_running_loop().time())


def started_answer(state: ServerState, started: Started, *, alias: bool) -> Response:
    """Tell that a session has begun."""
    content: dict[str, object] = {
        "session_id": started.session_id,
        "call_id": started.call_id,
        "started_at" if alias else "session_started_at": timestamp(started.started_at),
    }
    token = close_token(state.options, started.call_id, started.session_id)
    if token is not None:
        content["close_token"] = token
    return answer(content, 201)


def named(request: Request) -> tuple[str, str]:
    """Tell which session a path names: the call's id and its own."""
    return request.path_params["call_id"], request.path_params["session_id"]


async def find(request: Request) -> SessionInfo:
    """Look a live session up.

    Raises:
        Problem: there is none; where it ended lately, the document tells how.
    """
    info = await state_of(request.scope).launcher.get_session_info(*named(request))
    if info is None:
        raise await not_found(request)
    return info


async def not_found(request: Request) -> Problem:
    """Say that there is no such session, and how it ended where that is known."""
    call_id, session_id = named(request)
    ended = await state_of(request.scope).launcher.ended_session(call_id, session_id)
    members: dict[str, object] = {}
    if ended is not None:
        members = {"status": ended.status, "reason": ended.reason}  # documented: the session's, not HTTP's
    return Problem(404, "session_not_found", f"Session with id '{session_id}' not found", members=members)


def metrics(info: SessionInfo) -> dict[str, object]:
    """Show what was measured in a session."""
    generated = info.metrics_updated_at or datetime.now(UTC).timestamp()
    return {
        "session_id": info.session_id,
        "call_id": info.call_id,
        "session_started_at": timestamp(info.started_at),
        "metrics_generated_at": timestamp(generated),
        "metrics": dict(info.metrics),
    }


def answer(content: object, status: int = 200) -> Response:
    """Send JSON."""
    return Response(_ENCODER.encode(content), status, media_type="application/json")
