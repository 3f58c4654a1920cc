"""What the routes of one application share."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.options import ServeOptions

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True, kw_only=True)
class ServerState:
    """The launcher, the settings, and what is remembered between requests."""

    launcher: AgentLauncher
    options: ServeOptions
    bound_to_loopback: bool | None = None
    """Whether the socket is reachable from this machine only; None where another server holds it."""
    guards: dict[tuple[str, str], Handler] = field(default_factory=dict[tuple[str, str], Handler])
    spent_tokens: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])
    """Close tokens that were used, by session."""
    edge_routes: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    public_paths: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]])
    """Paths of edges that need no key: static files, and signalling that takes a join token."""


def attach(app: FastAPI, launcher: AgentLauncher, options: ServeOptions) -> None:
    """Give an application what the routes and the lifespan need."""
    app.state.launcher = launcher
    app.state.options = options
    app.state.vision_agents = ServerState(launcher=launcher, options=options)


def state_of(scope: Scope) -> ServerState:
    """Find the state of the application that serves a request."""
    return state_of_app(scope["app"])


def state_of_app(app: FastAPI) -> ServerState:
    """Find the state of an application.

    Raises:
        ConfigurationError: no Runner was built with it.
    """
    state = getattr(app.state, "vision_agents", None)
    if not isinstance(state, ServerState):
        raise ConfigurationError(
            "This application belongs to no Runner: pass it as ServeOptions(fast_api=app) to one."
        )
    return state
