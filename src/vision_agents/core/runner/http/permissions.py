"""Who may do what: the permission callbacks, asked before anything else looks at a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http.auth import is_loopback, require_key, require_key_or_close_token
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.state import Handler, ServerState, state_of
from vision_agents.core.runner.options import ServeOptions, allow
from vision_agents.core.types.ids import parse_call_id
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.http")

SILENCE: Seconds = 5.0
"""A callback that has not answered by then has denied."""


class Permission(StrEnum):
    """What may be allowed or denied; the value names the callback in `ServeOptions`."""

    START = "can_start_session"
    CLOSE = "can_close_session"
    VIEW = "can_view_session"
    METRICS = "can_view_metrics"
    LIST = "can_list_sessions"


class Guard:
    """Wants the API key where one is set, then asks one permission; for routes that name no call."""

    def __init__(self, permission: Permission | None) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> None:
        """Let a request pass, or refuse it."""
        require_key(request)
        if "call_id" in request.query_params:  # what a callback would take for the call that is acted on
            raise Problem(400, "unexpected_call_id", "This route names no call: leave call_id out")
        await ask(self.permission, request)


class CallGuard(Guard):
    """Also checks the call's id before it asks: what is acted on is what was asked about."""

    async def __call__(self, request: Request) -> None:
        """Let a request pass, or refuse it."""
        await self.authenticate(request)
        call_id = request.path_params["call_id"]
        parse_call_id(call_id, pattern=state_of(request.scope).launcher.settings.call_id_pattern)
        await ask(self.permission, request)

    async def authenticate(self, request: Request) -> None:
        """Refuse a request without the key, where one is set."""
        require_key(request)


class TokenGuard(CallGuard):
    """Checks the id only: the route itself checks a join token."""

    def __init__(self) -> None:
        super().__init__(None)

    async def authenticate(self, request: Request) -> None:
        """Leave it to the route."""


class CloseGuard(CallGuard):
    """Takes the session's close token in the place of the key."""

    async def authenticate(self, request: Request) -> None:
        """Refuse a request with neither, where a key is set."""
        await require_key_or_close_token(request)


async def ask(permission: Permission | None, request: Request) -> None:
    """Ask the callback, once; without a permission to ask, everybody may.

    Raises:
        HTTPException: the callback's own, or a 403.
    """
    if permission is None:
        return
    state = state_of(request.scope)
    callback = getattr(state.options, permission)
    if callback is allow:
        return
    if callback is None:
        _only_on_loopback(state, request)
        return
    handler = _handler(state, permission, callback, request)
    try:
        async with asyncio.timeout(SILENCE):
            await handler(request)
    except (HTTPException, RequestValidationError):
        raise
    except Exception as error:  # the callback is the user's own, and so are its dependencies
        raise _denied(permission, error) from error


def check(permission: Permission, callback: Callable[..., Any]) -> None:
    """Refuse a callback that wants what it cannot get.

    Raises:
        ConfigurationError: it asks for the body, which is read after it.
    """
    if _compile("/calls/{call_id}/sessions/{session_id}", callback, None).body_field is not None:
        raise ConfigurationError(
            f"{permission} cannot ask for the body of a request: take `request: Request` and read it there."
        )


def guard_of(route: APIRoute) -> Guard | None:
    """Find the guard of a route."""
    guards = [item.dependency for item in route.dependencies if isinstance(item.dependency, Guard)]
    return guards[0] if guards else None


def callback_of(route: APIRoute, options: ServeOptions) -> Callable[..., Any] | None:
    """Find the callback of yours that guards a route."""
    guard = guard_of(route)
    if guard is None or guard.permission is None:
        return None
    callback = getattr(options, guard.permission)
    return None if callback is allow else callback


def _handler(
    state: ServerState, permission: Permission, callback: Callable[..., Any], request: Request
) -> Handler:
    path = request.scope["route"].path
    if (permission, path) not in state.guards:
        route = _compile(path, callback, request.app)
        state.guards[permission, path] = route.get_route_handler()
    return state.guards[permission, path]


def _compile(path: str, callback: Callable[..., Any], app: Any) -> APIRoute:
    """Make a route out of a callback, so that FastAPI solves its dependencies."""

    async def verdict(answer: Annotated[object, Depends(callback)]) -> Response:
        if answer is None or answer is True:
            return Response(status_code=204)
        if answer is not False:
            logger.warning(
                "A permission callback must return True, False or None", extra={"got": type(answer).__name__}
            )
        raise Problem(403, "forbidden", "Permission denied")

    verdict.__annotations__["answer"] = Annotated[object, Depends(callback)]
    return APIRoute(path, verdict, dependency_overrides_provider=app)


def _only_on_loopback(state: ServerState, request: Request) -> None:
    client = request.client.host if request.client else ""
    if state.bound_to_loopback is False or not is_loopback(client):
        raise Problem(
            403, "forbidden", "Listing sessions is for this machine only, unless can_list_sessions is set"
        )


def _denied(permission: Permission, error: Exception) -> Problem:
    """Deny, and tell the log why."""
    logger.error(
        "A permission callback failed, and so denied",
        extra={"permission": str(permission), **failure_fields(error)},
    )
    return Problem(403, "forbidden", "Permission denied")
