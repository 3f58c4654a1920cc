"""The routes of a transport: permission first, then the node that runs the call, then the transport."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, compile_path
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.http import HttpFiles, HttpRequest, HttpRoute
from vision_agents.core.errors import ConfigurationError, EdgeError, SignallingRefused
from vision_agents.core.runner.http.body import read
from vision_agents.core.runner.http.openapi import answers
from vision_agents.core.runner.http.permissions import CallGuard, Permission, TokenGuard
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.route import ProblemRoute
from vision_agents.core.runner.http.state import ServerState, state_of, state_of_app
from vision_agents.core.types.status import Reason

logger = logging.getLogger("vision_agents.http")

_PROBLEMS = (307, 400, 401, 403, 409, 413, 421, 422, 503)


def add_edge_routes(app: FastAPI, agent: Agent) -> None:
    """Add what the agent's transport contributes, unless it is there already."""
    try:
        edge = agent.edge
    except ConfigurationError:  # an agent without one joins calls in its own way
        return
    add_routes(app, type(edge).http_routes())


def add_routes(app: FastAPI, routes: Sequence[HttpRoute | HttpFiles]) -> None:
    """Add what a transport contributes, unless it is there already."""
    state = state_of_app(app)
    for route in routes:
        if isinstance(route, HttpFiles):
            _add_files(app, state, route)
        else:
            _add_route(app, state, route)
    app.openapi_schema = None


def _add_files(app: FastAPI, state: ServerState, files: HttpFiles) -> None:
    if (key := ("", files.path)) not in state.edge_routes:
        state.edge_routes.add(key)
        state.public_paths.append(re.compile(rf"{re.escape(files.path)}(/.*)?"))
        app.router.routes.append(Mount(files.path, _Files(files)))
        app.add_route(files.path, _to_directory, include_in_schema=False)


class _Files(StaticFiles):
    """Static files with headers of their own."""

    def __init__(self, files: HttpFiles) -> None:
        super().__init__(directory=files.directory, html=True)
        self._headers = files.headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one."""
        answer = await super().get_response(path, scope)
        answer.headers.update(self._headers)
        return answer


def _to_directory(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", 308)


def _add_route(app: FastAPI, state: ServerState, route: HttpRoute) -> None:
    path = f"/calls/{{call_id}}/{route.path}"
    if (key := (route.method, path)) in state.edge_routes:
        return
    state.edge_routes.add(key)
    if route.takes_token:
        state.public_paths.append(compile_path(path)[0])
    # Whoever may bring an agent into a call may talk to it.
    guard = TokenGuard() if route.takes_token else CallGuard(Permission.START)

    async def answer(request: Request) -> Response:
        return await _answer(route, request)

    settings = answers(route.statuses[0], None, *{*route.statuses[1:], *_PROBLEMS} - {route.statuses[0]})
    app.router.add_api_route(
        path,
        answer,
        methods=[route.method],
        name=route.path.replace("/", "_"),
        summary=route.summary or None,
        dependencies=[Depends(guard)],
        route_class_override=ProblemRoute,
        **settings,
    )


async def _answer(route: HttpRoute, request: Request) -> Response:
    state = state_of(request.scope)
    call_id = request.path_params["call_id"]
    if elsewhere := await _owner_elsewhere(state, call_id):
        query = f"?{request.url.query}" if request.url.query else ""
        return Response(status_code=307, headers={"Location": f"{elsewhere}{request.url.path}{query}"})
    asked = HttpRequest(
        call_id=call_id,
        parameters={name: value for name, value in request.path_params.items() if name != "call_id"},
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await read(request, state.options.max_body_bytes),
    )
    try:
        answer = await route.answer(asked)
    except SignallingRefused as error:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        raise Problem(error.status, error.code, str(error), headers=headers) from error
    except EdgeError as error:
        raise Problem(409, "signalling_failed", str(error)) from error
    return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)


async def _owner_elsewhere(state: ServerState, call_id: str) -> str | None:
    """Find the URL of the node that runs the call; None where it is this one, or nobody runs it yet."""
    launcher = state.launcher
    sessions = await launcher.list_sessions(call_id)
    owners = [info.node_id for info in sessions if info.reason is not Reason.OWNER_LOST]
    if not owners or launcher.registry.node_id in owners:
        return None
    node = await launcher.registry.node(owners[-1])
    if node is None or node.url is None:
        raise Problem(421, "call_on_another_node", "Another node runs this call, and its URL is not known")
    return node.url.rstrip("/")
