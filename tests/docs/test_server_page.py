"""The programs of the server's guide do what the guide says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.core.runner.http.parts import new_launcher, problem

from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "server.md").read_text()

pytestmark = pytest.mark.virtual_time


def snippet(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / "snippets" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_token_admits_to_the_teams_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_TOKEN", "secret")
    app = snippet("server").runner.fast_api
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://server") as client,
    ):
        assert problem(await client.post("/calls/team-1/sessions", json={}))[0] == 401
        client.headers["Authorization"] = "Bearer wrong"
        assert problem(await client.post("/calls/team-1/sessions", json={}))[0] == 403
        client.headers["Authorization"] = "Bearer secret"
        assert problem(await client.post("/calls/other/sessions", json={}))[0] == 403
        assert (await client.post("/calls/team-1/sessions", json={})).status_code == 201
        assert problem(await client.post("/calls/team-1/sessions", json={}))[0] == 429


async def test_our_routes_in_an_application_of_yours() -> None:
    app = snippet("own_app").in_app(new_launcher()).fast_api
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://server") as client,
    ):
        assert (await client.get("/custom")).json() == {"message": "Custom endpoint"}
        assert (await client.post("/agents/calls/lunch/sessions", json={})).status_code == 201


def test_the_page_names_every_route_and_every_setting() -> None:
    routes = build_app(new_launcher(), ServeOptions()).router.routes
    for route in routes:
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                assert f"`{method} {route.path}`" in PAGE
    for name, field in ServeOptions.model_fields.items():
        assert f"`{name}`" in PAGE, name
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert re.search(rf"`{name}` \| {field.default:,}", PAGE), name


def test_the_page_names_every_code() -> None:
    source = "".join(
        path.read_text() for path in (DOCS.parent / "src/vision_agents/core/runner/http").glob("*.py")
    )
    codes = set(re.findall(r'(?:Problem|_refuse)\(\s*\d{3}, "(\w+)"', source))
    codes |= set(re.findall(r', \d{3}, "(\w+)", "', source))
    codes |= {"max_concurrent_sessions", "max_sessions_per_call"}
    assert len(codes) > 25
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
