"""Probes and the numbers of a node."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.core.runner.http.parts import new_launcher, problem, serving, started

from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions

pytestmark = pytest.mark.virtual_time


async def test_a_server_that_runs_is_healthy_and_ready() -> None:
    async with serving() as client:
        health, ready = await client.get("/health"), await client.get("/ready")

    assert (health.status_code, health.json()) == (
        200,
        {"status": "healthy", "warmed_up": True, "running": True},
    )
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "registry": "available"})


async def test_a_server_that_does_not_run_yet_is_healthy_and_not_ready() -> None:
    app = build_app(new_launcher(), ServeOptions())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        health, ready = await client.get("/health"), await client.get("/ready")

    assert health.json() == {"status": "healthy", "warmed_up": False, "running": False}
    assert problem(ready) == (503, "not_ready", "Server is not ready to accept requests")
    assert ready.json()["because"]
    assert int(ready.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("image/png", "application/json"),
        ("application/json, text/plain", "application/json"),
        ("text/plain, application/json", "text/plain"),
        ("text/plain;q=0.5, application/json;q=0.9", "application/json"),
        ("text/plain;q=0.5, */*", "text/plain"),
        ("text/plain;q=0", "application/json"),
        ("text/plain;q=x", "application/json"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text"),
        ("TEXT/PLAIN;version=0.0.4;q=0.3,*/*;q=0.1", "text/plain"),
    ],
)
async def test_metrics_come_in_the_form_that_is_preferred(accept: str | None, kind: str) -> None:
    async with serving() as client:
        await started(client)
        headers = {} if accept is None else {"accept": accept}
        answer = await client.get("/metrics", headers=headers)

    assert answer.headers["content-type"].split(";")[0] == kind
    if kind == "application/json":
        assert answer.json() == {
            "active_sessions": 1,
            "total_sessions_started": 1,
            "warmed_up": True,
            "running": True,
        }
    else:
        assert "vision_agents_sessions_active 1.0\n" in answer.text
        assert "vision_agents_sessions_started_total 1.0\n" in answer.text


async def test_two_accept_headers_are_one_list() -> None:
    async with serving() as client:
        headers = [("accept", "application/json;q=0.1"), ("accept", "text/plain")]
        answer = await client.get("/metrics", headers=headers)

    assert answer.headers["content-type"].startswith("text/plain")


async def test_not_ready_when_drained() -> None:
    launcher = new_launcher()
    async with serving(launcher) as client:
        await started(client)
        drain = asyncio.get_running_loop().create_task(launcher.drain(5))
        await asyncio.sleep(1)
        assert "draining" in (await client.get("/ready")).json()["because"]
        await drain
        assert (await client.get("/ready")).status_code == 503
