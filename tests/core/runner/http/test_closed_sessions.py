"""What each route answers about a session that closes, or has closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.core.runner.http.parts import create_agent, new_launcher, problem, serving, started, until_gone

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import SessionClosed
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions

pytestmark = pytest.mark.virtual_time

ROUTES = {
    ("GET", "/calls/{call_id}/sessions/{session_id}"): 200,
    ("GET", "/calls/{call_id}/sessions/{session_id}/metrics"): 200,
    ("DELETE", "/calls/{call_id}/sessions/{session_id}"): 202,
    ("POST", "/calls/{call_id}/sessions/{session_id}/close"): 202,
    ("GET", "/sessions/{call_id}/{session_id}"): 200,
    ("DELETE", "/sessions/{call_id}/{session_id}"): 200,
}
"""All that name a session, and what they answer while it closes."""

OPERATIONS = build_app(new_launcher(), ServeOptions()).openapi()["paths"]


def test_these_are_all_routes_that_name_a_session() -> None:
    named = {
        (method.upper(), path)
        for path, methods in OPERATIONS.items()
        for method in methods
        if "session_id" in path
    }
    assert named == set(ROUTES)


async def ask(client: httpx.AsyncClient, route: tuple[str, str], session_id: str) -> httpx.Response:
    """Ask, and look whether OpenAPI knows of such an answer."""
    method, path = route
    answer = await client.request(method, path.format(call_id="lunch", session_id=session_id))
    assert str(answer.status_code) in OPERATIONS[path][method.lower()]["responses"]
    return answer


async def slow_to_leave(agent: Agent, call_type: str, call_id: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(2)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with serving(new_launcher(join_call=slow_to_leave)) as client:
        yield client


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_one_that_closes_is_there_until_it_has_ended(
    client: httpx.AsyncClient, route: tuple[str, str]
) -> None:
    session_id = await started(client)
    await client.delete(f"/calls/lunch/sessions/{session_id}")
    await asyncio.sleep(1)
    answer = await ask(client, route, session_id)

    assert answer.status_code == ROUTES[route]
    if "status" in (answer.json() if answer.content else {}):
        assert answer.json()["status"] == "closing"
    ended = await until_gone(client, "lunch", session_id)
    assert ended.json()["reason"] == "requested"


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_one_that_has_closed_is_a_404_that_tells_why_for_a_minute(
    client: httpx.AsyncClient, route: tuple[str, str]
) -> None:
    session_id = await started(client)
    await client.delete(f"/calls/lunch/sessions/{session_id}")
    await until_gone(client, "lunch", session_id)

    answer = await ask(client, route, session_id)
    assert problem(answer) == (404, "session_not_found", f"Session with id '{session_id}' not found")
    assert (answer.json()["status"], answer.json()["reason"]) == ("closed", "requested")
    await asyncio.sleep(61)
    forgotten = await ask(client, route, session_id)
    assert (forgotten.status_code, forgotten.json()["status"]) == (404, 404)
    assert "reason" not in forgotten.json()


@pytest.mark.parametrize("path", ["/calls/lunch/sessions", "/sessions"])
async def test_one_that_is_closed_while_it_starts_is_a_409(path: str) -> None:
    made: list[Agent] = []

    async def slow_agent() -> Agent:
        if made:
            await asyncio.sleep(5)
        made.append(await create_agent())
        return made[-1]

    async with serving(new_launcher(slow_agent)) as client:
        body = {"call_id": "lunch"} if path == "/sessions" else {}
        start = asyncio.gather(client.post(path, json=body))
        await asyncio.sleep(1)
        [session] = (await client.get("/calls/lunch/sessions")).json()["sessions"]
        closed = await client.delete(f"/calls/lunch/sessions/{session['session_id']}")
        [answer] = await start

    assert closed.status_code == 202
    assert problem(answer) == (409, "closed_while_starting", "The session was closed before it began")
    assert answer.json()["session_id"] == session["session_id"]
    assert "409" in OPERATIONS["/calls/{call_id}/sessions" if "lunch" in path else path]["post"]["responses"]


async def test_a_route_of_ones_own_that_uses_one_is_a_409() -> None:
    launcher = new_launcher()
    app = build_app(launcher, ServeOptions())

    @app.get("/hello")
    async def hello() -> None:  # pyright: ignore[reportUnusedFunction]
        raise SessionClosed("Session one has ended.")

    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            answer = await client.get("/hello")

    assert problem(answer) == (409, "session_closed", "The session has closed")
