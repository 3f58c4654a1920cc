"""Whether the process lives, whether it takes sessions, and its numbers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from vision_agents.core.observability.prometheus import (
    OPENMETRICS_CONTENT_TYPE,
    PROMETHEUS_CONTENT_TYPE,
    render,
)
from vision_agents.core.runner.http.negotiation import preferred
from vision_agents.core.runner.http.problems import Problem
from vision_agents.core.runner.http.sessions import answer
from vision_agents.core.runner.http.state import state_of

JSON = "application/json"
TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text"


async def health(request: Request) -> Response:
    """Tell that the process answers: neither models nor the registry are asked."""
    launcher = state_of(request.scope).launcher
    return answer({"status": "healthy", "warmed_up": launcher.warmed_up, "running": launcher.running})


async def ready(request: Request) -> Response:
    """Tell whether new sessions are taken; the registry's state is told, but one blip empties no pool."""
    launcher = state_of(request.scope).launcher
    registry = "available" if launcher.registry.available else "unavailable"
    if not launcher.ready:
        raise Problem(
            503,
            "not_ready",
            "Server is not ready to accept requests",
            members={"because": launcher.not_ready_because, "registry": registry},
        )
    return answer({"status": "ready", "registry": registry})


async def metrics(request: Request) -> Response:
    """Give the launcher's numbers, as JSON or for a monitoring system."""
    launcher = state_of(request.scope).launcher
    # More than one Accept header is one list.
    accept = ",".join(request.headers.getlist("accept"))
    kind = preferred(accept, (JSON, TEXT, OPENMETRICS))
    if kind == JSON:
        return answer(
            {
                "active_sessions": launcher.active_sessions,
                "total_sessions_started": launcher.total_sessions_started,
                "warmed_up": launcher.warmed_up,
                "running": launcher.running,
            }
        )
    openmetrics = kind == OPENMETRICS
    text = render(launcher.metrics.families(launcher), openmetrics=openmetrics)
    return Response(text, media_type=OPENMETRICS_CONTENT_TYPE if openmetrics else PROMETHEUS_CONTENT_TYPE)
