"""An application of your own: with our parts, changed, or without them."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from tests.core.runner.http.parts import new_launcher, problem

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http import lifespan, router
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.runner.runner import Runner

pytestmark = pytest.mark.virtual_time


def client_of(app: FastAPI, path: str = "") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://server{path}")


async def test_it_is_used_as_it_is() -> None:
    app = FastAPI(title="My Agent Server", version="1.0.0")
    before = list(app.routes)
    runner = Runner(new_launcher(), ServeOptions(fast_api=app))

    assert runner.fast_api is app
    assert list(app.routes) == before
    assert app.user_middleware == []
    async with client_of(app) as client:
        assert (await client.get("/health")).status_code == 404


async def test_our_router_and_lifespan_make_it_whole() -> None:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router, prefix="/v1")
    launcher = new_launcher()
    Runner(launcher, ServeOptions(fast_api=app)).fast_api.title = "mine"
    async with lifespan(app), client_of(app, "/v1") as client:
        assert launcher.running
        body = (await client.post("/calls/lunch/sessions", json={})).json()
        alias = f"/sessions/lunch/{body['session_id']}"
        assert (await client.get(alias)).json()["session_id"] == body["session_id"]
        assert (await client.delete(alias)).json() == {"success": True}
        again = await client.post("/sessions", json={"call_id": "lunch"})
        assert again.status_code == 201
        assert problem(await client.get("/calls/Bad/sessions/x"))[:2] == (400, "invalid_id")
        assert problem(await client.get("/calls/lunch/sessions/x"))[0] == 404
        assert (await client.get("/ready")).status_code == 200
        assert (await client.get("/metrics")).json()["total_sessions_started"] == 2
        for big in (b" " * 65_537, b"[" * 100):
            answer = await client.post(
                "/calls/lunch/sessions", content=big, headers={"content-type": "application/json"}
            )
            assert answer.status_code in {400, 413}
    assert not launcher.running
    assert "/v1/sessions" in app.openapi()["paths"]


async def test_an_application_without_a_runner_says_so() -> None:
    app = FastAPI(lifespan=lifespan)
    with pytest.raises(ConfigurationError, match="belongs to no Runner"):
        async with lifespan(app):
            pass


async def test_the_default_application_can_be_added_to() -> None:
    runner = Runner(new_launcher())

    @runner.fast_api.get("/custom")
    async def custom_endpoint() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"message": "Custom endpoint" * 100}

    @runner.fast_api.get("/broken")
    async def broken_endpoint() -> None:  # pyright: ignore[reportUnusedFunction]
        raise ZeroDivisionError("inner workings")

    runner.fast_api.add_middleware(GZipMiddleware, minimum_size=1000)
    assert runner.fast_api is runner.fast_api
    transport = httpx.ASGITransport(runner.fast_api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        answer = await client.get("/custom")
        assert answer.json() == {"message": "Custom endpoint" * 100}
        assert answer.headers["content-encoding"] == "gzip"
        broken = await client.get("/broken")
        assert problem(broken) == (500, "internal_error", "The server failed to answer")
        assert "/custom" in (await client.get("/openapi.json")).json()["paths"]
        assert problem(await client.put("/sessions"))[:2] == (405, "method_not_allowed")
        assert (await client.put("/sessions")).headers["allow"] == "GET, POST"
        assert problem(await client.get("/nothing")) == (404, "not_found", "Not Found")
