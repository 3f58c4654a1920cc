"""The canonical routes; `vision_agents.core.runner.http.router` for an application of your own."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from vision_agents.core.runner.http import health, sessions
from vision_agents.core.runner.http.aliases import ALIAS, Rewritten
from vision_agents.core.runner.http.body import read_model
from vision_agents.core.runner.http.idempotency import key_of, once
from vision_agents.core.runner.http.openapi import (
    CLOSE_ALIAS,
    METRICS,
    START,
    START_ALIAS,
    VIEW_ALIAS,
    answers,
)
from vision_agents.core.runner.http.permissions import CallGuard, CloseGuard, Guard, Permission
from vision_agents.core.runner.http.route import ProblemRoute
from vision_agents.core.runner.http.schemas import (
    Health,
    Ready,
    SessionList,
    SessionMetrics,
    SessionView,
    StartSessionAliasRequest,
    StartSessionRequest,
    alias_view,
    view,
)
from vision_agents.core.runner.http.state import state_of
from vision_agents.core.types.ids import parse_call_id, parse_call_type

router = APIRouter(route_class=ProblemRoute)


@router.post(
    "/calls/{call_id}/sessions",
    dependencies=[Depends(CallGuard(Permission.START))],
    **START,
)
async def start_session(request: Request) -> Response:
    """Spawn a new agent for a call."""
    state = state_of(request.scope)
    body = await read_model(request, StartSessionRequest)
    call_id, call_type = request.path_params["call_id"], parse_call_type(body.call_type)

    async def work() -> sessions.Started:
        return await sessions.start(state, call_id, call_type)

    if key := key_of(request):
        started = await once(state.launcher.registry, call_id, key, call_type, work)
    else:
        started = await sessions.while_connected(request, work)
    return sessions.started_answer(state, started, alias=ALIAS in request.scope)


@router.get(
    "/calls/{call_id}/sessions",
    dependencies=[Depends(CallGuard(Permission.LIST))],
    **answers(200, SessionList, 400, 401, 403, 422),
)
async def list_sessions_of_call(request: Request) -> Response:
    """List the sessions of a call."""
    launcher = state_of(request.scope).launcher
    infos = await launcher.list_sessions(request.path_params["call_id"])
    return sessions.answer({"sessions": [view(info) for info in infos]})


@router.get(
    "/calls/{call_id}/sessions/{session_id}",
    dependencies=[Depends(CallGuard(Permission.VIEW))],
    **answers(200, SessionView, 400, 401, 403, 404, 422, 503),
)
async def get_session(request: Request) -> Response:
    """Get information about a session."""
    info = await sessions.find(request)
    return sessions.answer(alias_view(info) if ALIAS in request.scope else view(info))


@router.get(
    "/calls/{call_id}/sessions/{session_id}/metrics",
    dependencies=[Depends(CallGuard(Permission.METRICS))],
    **answers(200, SessionMetrics, 400, 401, 403, 404, 422, 503),
)
async def get_session_metrics(request: Request) -> Response:
    """Get real-time performance metrics of a session."""
    return sessions.answer(sessions.metrics(await sessions.find(request)))


@router.delete(
    "/calls/{call_id}/sessions/{session_id}",
    dependencies=[Depends(CallGuard(Permission.CLOSE))],
    **answers(202, None, 400, 401, 403, 404, 422, 503),
)
async def delete_session(request: Request) -> Response:
    """Request closure of a session."""
    return await _close(request)


@router.post(
    "/calls/{call_id}/sessions/{session_id}/close",
    dependencies=[Depends(CloseGuard(Permission.CLOSE))],
    **answers(202, None, 400, 401, 403, 404, 413, 422, 503),
)
async def close_session(request: Request) -> Response:
    """Request closure of a session, in a way that `navigator.sendBeacon` can."""
    return await _close(request)


async def _close(request: Request) -> Response:
    if not await state_of(request.scope).launcher.request_close_session(*sessions.named(request)):
        raise await sessions.not_found(request)
    return sessions.answer({"success": True}) if ALIAS in request.scope else Response(status_code=202)


@router.get(
    "/sessions",
    dependencies=[Depends(Guard(Permission.LIST))],
    **answers(200, SessionList, 401, 400, 401, 403, 422, 503),
)
async def list_sessions(request: Request) -> Response:
    """List the sessions of all calls."""
    infos = await state_of(request.scope).launcher.list_sessions()
    return sessions.answer({"sessions": [view(info) for info in infos]})


router.add_api_route("/health", health.health, summary="Liveness check", **answers(200, Health))
router.add_api_route("/ready", health.ready, summary="Readiness check", **answers(200, Ready, 503))
router.add_api_route("/metrics", health.metrics, summary="Metrics of this node", **METRICS)


@router.post("/sessions", **START_ALIAS)
async def start_session_alias(request: Request) -> Response:
    """Start a new agent session: POST /calls/{call_id}/sessions in another form."""
    body = await read_model(request, StartSessionAliasRequest)
    parse_call_id(body.call_id, pattern=state_of(request.scope).launcher.settings.call_id_pattern)
    call_id = body.call_id
    return Rewritten("/sessions", f"/calls/{call_id}/sessions", {"call_type": body.call_type})


@router.get("/sessions/{call_id}/{session_id}", **VIEW_ALIAS)
async def get_session_alias(request: Request) -> Response:
    """Get information about a session: GET /calls/{call_id}/sessions/{session_id} in another form."""
    return _rewritten(request)


@router.delete("/sessions/{call_id}/{session_id}", **CLOSE_ALIAS)
async def delete_session_alias(request: Request) -> Response:
    """Close a session: DELETE /calls/{call_id}/sessions/{session_id} in another form."""
    return _rewritten(request)


def _rewritten(request: Request) -> Response:
    call_id, session_id = sessions.named(request)
    return Rewritten(f"/sessions/{call_id}/{session_id}", f"/calls/{call_id}/sessions/{session_id}")
