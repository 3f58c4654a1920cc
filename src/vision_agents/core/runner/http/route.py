"""The class of the routes: whatever goes wrong in one is answered with a problem document."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.runner.http.problems import Problem, problem_of

logger = logging.getLogger("vision_agents.http")


class ProblemRoute(APIRoute):
    """A route that answers errors itself, in whatever application it is."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        extra: dict[str, Any] = settings.get("openapi_extra") or {}
        told = [*path_parameters(path), *extra.get("parameters", [])]
        # Endpoints read the path themselves: that FastAPI checks strings once more costs a tenth of it all.
        settings["openapi_extra"] = {**extra, "parameters": told} if told else extra
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap what FastAPI makes of the route."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except Exception as error:  # noqa: BLE001 - the top of a request
                return respond(error)

        return answer


def respond(error: Exception) -> Response:
    """Answer an error; one that is a fault of the server is logged, and its text kept from the client."""
    problem = problem_of(error)
    if problem is None:
        logger.error("A request failed", extra=failure_fields(error))
        problem = Problem(500, "internal_error", "The server failed to answer")
    return problem.response()


def path_parameters(path: str) -> list[dict[str, Any]]:
    """Describe the parameters of a path."""
    return [
        {"name": name, "in": "path", "required": True, **_DESCRIBED.get(name, {"schema": {"type": "string"}})}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


_DESCRIBED: dict[str, dict[str, Any]] = {
    "call_id": {
        "description": "Id of the call.",
        "schema": {"type": "string", "pattern": "^[a-z0-9_-]+$", "minLength": 1, "maxLength": 128},
    },
    "session_id": {"description": "Id of the session.", "schema": {"type": "string", "minLength": 1}},
}
