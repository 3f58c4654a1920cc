"""Errors as RFC 9457 problem documents, and the one table from error class to status."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from vision_agents.core.errors import (
    IdempotencyConflict,
    InvalidCallId,
    LauncherDraining,
    LauncherNotRunning,
    MaxConcurrentSessionsExceeded,
    MaxSessionsPerCallExceeded,
    RegistryUnavailable,
    SessionClosed,
)
from vision_agents.core.types.units import Seconds

_RETRY_AFTER: Seconds = 5.0
_RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

_TABLE: tuple[tuple[type[Exception], int, str, str], ...] = (
    (InvalidCallId, 400, "invalid_id", ""),
    (
        MaxConcurrentSessionsExceeded,
        429,
        "max_concurrent_sessions",
        "Reached maximum number of concurrent sessions",
    ),
    (
        MaxSessionsPerCallExceeded,
        429,
        "max_sessions_per_call",
        "Reached maximum number of sessions for this call",
    ),
    (IdempotencyConflict, 422, "idempotency_conflict", "The Idempotency-Key was used with another request"),
    (SessionClosed, 409, "session_closed", "The session has closed"),
    (LauncherDraining, 503, "draining", "The server is draining and starts no new sessions"),
    (LauncherNotRunning, 503, "not_running", "The server is not running sessions"),
    (RegistryUnavailable, 503, "registry_unavailable", "The session registry cannot be reached"),
)
"""What an error of the library is over HTTP; an empty detail is the error's own text."""


class Problem(HTTPException):
    """A refusal, ready to be sent; FastAPI's own machinery lets it pass as it does any HTTPException.

    Args:
        status: of the answer.
        code: one word for programs, stable across versions.
        detail: one sentence for people.
        retry_after: seconds after which trying again makes sense.
        headers: more of them.
        members: further members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retry_after: Seconds | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        if retry_after is None and status in _RETRIED:
            retry_after = _RETRY_AFTER
        after = {"Retry-After": str(math.ceil(retry_after))} if retry_after is not None else {}
        super().__init__(status, detail, {**(headers or {}), **after})
        self.code = code
        self.members = members or {}

    def response(self) -> Response:
        """Make the answer."""
        body = document(self.status_code, self.code, self.detail, self.members)
        return Response(body, self.status_code, self.headers, "application/problem+json")


def document(status: int, code: str, detail: object, members: Mapping[str, object] | None = None) -> bytes:
    """Write the document."""
    content = {
        "type": "about:blank",
        "title": _phrase(status),
        "status": status,
        "detail": detail,
        "code": code,
        **(members or {}),
    }
    # ASCII only: what a client sent may hold characters that UTF-8 has no bytes for.
    return json.dumps(_plain(content)).encode()


def problem_of(error: Exception) -> Problem | None:
    """Tell what an error is over HTTP; None where it is a fault of the server."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return invalid_request(cast("Sequence[object]", error.errors()))
    if isinstance(error, HTTPException):
        code = _phrase(error.status_code).lower().replace(" ", "_")
        return Problem(error.status_code, code, error.detail, headers=error.headers)
    for kind, status, code, detail in _TABLE:
        if isinstance(error, kind):
            after = error.retry_after if isinstance(error, RegistryUnavailable) else None
            return Problem(status, code, detail or str(error), retry_after=after)
    return None


def invalid_request(errors: Sequence[object]) -> Problem:
    """Tell what is wrong with a request, in the form of FastAPI's list."""
    return Problem(422, "invalid_request", "The request is not valid", members={"errors": errors})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _plain(value: object) -> object:
    """Turn what a client sent into what JSON can carry."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, str | bool | int | None) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)
