"""The HTTP application around a launcher."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import RegistryUnavailable
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.http.cors import add_cors
from vision_agents.core.runner.http.documentation import add_documentation
from vision_agents.core.runner.http.edge_routes import add_edge_routes
from vision_agents.core.runner.http.gate import Gate
from vision_agents.core.runner.http.openapi import describe
from vision_agents.core.runner.http.permissions import Permission, check
from vision_agents.core.runner.http.route import respond
from vision_agents.core.runner.http.routes import router
from vision_agents.core.runner.http.state import ServerState, attach, state_of_app
from vision_agents.core.runner.options import ServeOptions, allow

logger = logging.getLogger("vision_agents.http")


def build_app(launcher: AgentLauncher, options: ServeOptions) -> FastAPI:
    """Make the application, or get the one of the options ready; that one keeps its own routes."""
    for permission in Permission:
        callback = getattr(options, permission)
        if callback not in {None, allow}:
            check(permission, callback)
    if options.fast_api is not None:
        attach(options.fast_api, launcher, options)
        return options.fast_api
    return _default_app(launcher, options)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Run the launcher for as long as the application runs."""
    state = state_of_app(app)

    await state.launcher.warmup(configure=partial(add_edge_routes, app))
    async with state.launcher:
        await _advertise(state)
        yield


async def _advertise(state: ServerState) -> None:
    url = state.options.advertise_url
    try:
        await state.launcher.registry.advertise(None if url is None else str(url).rstrip("/"))
    except RegistryUnavailable as error:
        logger.warning("This node's URL is not known to the others yet", extra=failure_fields(error))


def _default_app(launcher: AgentLauncher, options: ServeOptions) -> FastAPI:
    app = FastAPI(
        title="Vision Agents",
        description="Starts agents in calls, and tells about their sessions.",
        version=version("open-vision-agents"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    attach(app, launcher, options)
    # Not by include_router: the routes would be matched twice for each request.
    app.router.routes.extend(router.routes)
    add_documentation(app)
    app.add_middleware(Gate)
    add_cors(app, options)
    for error in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(error, _answer)
    app.openapi = describe(app, options)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {**(error.headers or {}), "Allow": ", ".join(_methods(request))}
    return respond(error)


def _methods(request: Request) -> list[str]:
    """List what a path can be asked with: more than one route may have it."""
    found: set[str] = set()
    for route in request.app.router.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)
