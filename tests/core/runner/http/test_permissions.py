"""Permission callbacks: asked once, before anything happens, and in doubt they deny."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.routing import APIRoute
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from tests.core.runner.http.parts import new_launcher, problem, serving, started

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http import permissions
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.http.permissions import CallGuard, guard_of
from vision_agents.core.runner.http.routes import router
from vision_agents.core.runner.options import ServeOptions

JSON = {"content-type": "application/json"}

REQUESTS = {
    "can_start_session": ("POST", "/calls/lunch/sessions"),
    "can_close_session": ("DELETE", "/calls/lunch/sessions/x"),
    "can_view_session": ("GET", "/calls/lunch/sessions/x"),
    "can_view_metrics": ("GET", "/calls/lunch/sessions/x/metrics"),
    "can_list_sessions": ("GET", "/calls/lunch/sessions"),
}


async def ask(
    callback: Callable[..., Any], permission: str = "can_start_session"
) -> tuple[httpx.Response, int]:
    """Make the request that a permission guards; gives the answer, and how many sessions there are then."""
    launcher = new_launcher()
    method, path = REQUESTS[permission]
    options: dict[str, Any] = {permission: callback}
    async with serving(launcher, **options) as client:
        answer = await client.request(method, path, content=b"{}", headers=JSON)
        return answer, launcher.total_sessions_started


async def hangs(call_id: str) -> bool:
    await asyncio.sleep(3600)
    return True


def raises(error: Exception) -> Callable[..., Any]:
    async def callback(call_id: str) -> bool:
        raise error

    return callback


def gives(answer: object) -> Callable[..., Any]:
    async def callback(call_id: str) -> object:
        return answer

    return callback


@pytest.mark.virtual_time
@pytest.mark.parametrize("permission", list(REQUESTS))
@pytest.mark.parametrize(
    ("callback", "status"),
    [
        (gives(False), 403),
        (gives(0), 403),
        (gives("yes"), 403),
        (raises(HTTPException(401, "Authorization required")), 401),
        (raises(HTTPException(403, "Permission denied")), 403),
        (raises(ValueError("sk-secret")), 403),
        (raises(TimeoutError()), 403),
        (hangs, 403),
    ],
)
async def test_whoever_is_not_admitted_is_refused_before_anything_happens(
    permission: str, callback: Callable[..., Any], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer, sessions = await ask(callback, permission)

    assert problem(answer)[0] == status
    assert sessions == 0
    assert "sk-secret" not in answer.text + caplog.text


@pytest.mark.virtual_time
@pytest.mark.parametrize("permission", list(REQUESTS))
@pytest.mark.parametrize("verdict", [True, None])
async def test_true_and_none_admit(permission: str, verdict: object) -> None:
    answer, _ = await ask(gives(verdict), permission)

    assert answer.status_code in {200, 201, 404}


@pytest.mark.virtual_time
async def test_the_texts_of_the_callback_reach_the_client() -> None:
    error = HTTPException(401, "Authorization required", {"WWW-Authenticate": "Bearer"})
    answer, _ = await ask(raises(error))

    assert problem(answer) == (401, "unauthorized", "Authorization required")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.virtual_time
@pytest.mark.parametrize("callback", [raises(ValueError("why")), hangs])
async def test_a_failure_of_the_callback_is_logged(
    callback: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    await ask(callback)

    assert [r.message for r in caplog.records if r.levelno == logging.ERROR] == [
        "A permission callback failed, and so denied"
    ]


async def test_a_synchronous_callback_may_hang_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "SILENCE", 0.05)

    def callback(call_id: str) -> bool:
        time.sleep(0.3)
        return True

    began = time.monotonic()
    answer, _ = await ask(callback)
    assert answer.status_code == 403
    assert time.monotonic() - began < 0.29
    await asyncio.sleep(0.4)  # the thread itself cannot be ended


async def test_it_is_asked_once_with_everything_fastapi_can_give() -> None:
    asked: list[object] = []

    async def database() -> AsyncGenerator[str]:
        yield "database"
        asked.append("given back")

    def user(authorization: Annotated[str, Header()], db: Annotated[str, Depends(database)]) -> str:
        return f"{authorization} in {db}"

    def callback(
        call_id: str,
        request: Request,
        who: Annotated[str, Depends(user)],
        verbose: bool = False,
        session_id: str | None = None,
    ) -> bool:
        asked.append((call_id, request.method, who, verbose, session_id))
        return True

    async with serving(can_view_session=callback) as client:
        session_id = await started(client)
        url = f"/calls/lunch/sessions/{session_id}"
        answer = await client.get(url, params={"verbose": True}, headers={"authorization": "me"})
        assert answer.status_code == 200
        assert asked == [("lunch", "GET", "me in database", True, session_id), "given back"]
        without = await client.get(url)

    assert problem(without)[:2] == (422, "invalid_request")
    assert without.json()["errors"][0]["loc"] == ["header", "authorization"]


@pytest.mark.virtual_time
async def test_an_error_in_its_dependencies_denies() -> None:
    async def user() -> str:
        raise KeyError("user")

    async def callback(call_id: str, who: Annotated[str, Depends(user)]) -> bool:
        return True

    assert (await ask(callback))[0].status_code == 403


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/calls/Bad/sessions", b"{", 400),
        ("/calls/lunch/sessions", b"{", 403),
        ("/calls/lunch/sessions", b'{"call_type": "BAD"}', 403),
        ("/calls/lunch/sessions/unknown/close", b"", 403),
    ],
)
async def test_the_id_comes_first_then_the_permission_then_the_rest(
    path: str, content: bytes, status: int
) -> None:
    async with serving(can_start_session=gives(False), can_close_session=gives(False)) as client:
        answer = await client.post(path, content=content, headers=JSON)

    assert answer.status_code == status


def test_a_callback_cannot_have_the_body() -> None:
    class Body(BaseModel):
        secret: str

    def callback(call_id: str, body: Body) -> bool:
        return True

    with pytest.raises(ConfigurationError, match="can_close_session cannot ask for the body"):
        build_app(new_launcher(), ServeOptions(can_close_session=callback))


@pytest.mark.virtual_time
async def test_a_callback_may_read_the_request_itself() -> None:
    async def callback(call_id: str, request: Request) -> bool:
        return (await request.json())["call_type"] == "default"

    async with serving(can_start_session=callback) as client:
        for call_type, status in (("default", 201), ("other", 403)):
            answer = await client.post("/calls/lunch/sessions", json={"call_type": call_type})
            assert answer.status_code == status


PUBLIC = {"/health", "/ready", "/metrics"}
REWRITTEN = {("POST", "/sessions"), ("GET", ALIAS := "/sessions/{call_id}/{session_id}"), ("DELETE", ALIAS)}


def test_every_route_has_a_guard() -> None:
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) == len(router.routes)
    for route in routes:
        names = {(method, route.path) for method in route.methods or ()}
        if route.path in PUBLIC or names <= REWRITTEN:
            assert guard_of(route) is None
            continue
        guard = guard_of(route)
        assert guard is not None, f"{route.path} has no guard"
        assert guard.permission is not None
        assert isinstance(guard, CallGuard) == ("{call_id}" in route.path)


@pytest.mark.virtual_time
async def test_listing_is_for_this_machine_unless_a_callback_says_more() -> None:
    async with serving(client=("203.0.113.7", 1)) as client:
        for path in ("/sessions", "/calls/lunch/sessions"):
            assert problem(await client.get(path))[:2] == (403, "forbidden")

    async def anybody() -> bool:
        return True

    async with serving(client=("203.0.113.7", 1), can_list_sessions=anybody) as client:
        assert (await client.get("/sessions")).status_code == 200
    async with serving(client=("::1", 1)) as client:
        assert (await client.get("/sessions")).status_code == 200


async def test_what_a_callback_asks_for_is_documented() -> None:
    scheme = OAuth2PasswordBearer("token")

    def callback(
        call_id: str, token: Annotated[str, Depends(scheme)], x_team: Annotated[str, Header()]
    ) -> bool:
        return True

    app: FastAPI = build_app(new_launcher(), ServeOptions(can_start_session=callback))
    operation = app.openapi()["paths"]["/calls/{call_id}/sessions"]["post"]

    assert {item["name"] for item in operation["parameters"]} == {"call_id", "x-team", "Idempotency-Key"}
    assert operation["security"] == [{"OAuth2PasswordBearer": []}]
    assert "OAuth2PasswordBearer" in app.openapi()["components"]["securitySchemes"]
    other = app.openapi()["paths"]["/calls/{call_id}/sessions/{session_id}"]["get"]
    assert {item["name"] for item in other["parameters"]} == {"call_id", "session_id"}
