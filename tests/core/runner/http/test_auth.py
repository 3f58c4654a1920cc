"""The API key, the close token, and servers that would be open."""

from __future__ import annotations

import hmac
import logging

import httpx
import pytest
from fastapi import FastAPI
from tests.core.runner.http.parts import new_launcher, problem, serving, until_gone

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.runner.http import lifespan, router
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.http.auth import check_exposure
from vision_agents.core.runner.options import ServeOptions

pytestmark = pytest.mark.virtual_time

KEY = "correct horse battery staple"
WITH_KEY = {"X-API-Key": KEY}


async def test_without_the_key_only_probes_and_static_files_answer() -> None:
    async with serving(api_key=KEY) as client:
        for path in ("/health", "/ready", "/docs", "/docs/docs.js", "/docs/swagger-ui.css"):
            assert (await client.get(path)).status_code == 200, path
        for method, path in (
            ("POST", "/calls/lunch/sessions"),
            ("GET", "/calls/lunch/sessions"),
            ("GET", "/calls/lunch/sessions/x"),
            ("GET", "/calls/lunch/sessions/x/metrics"),
            ("DELETE", "/calls/lunch/sessions/x"),
            ("POST", "/calls/lunch/sessions/x/close"),
            ("POST", "/sessions"),
            ("GET", "/sessions"),
            ("GET", "/sessions/lunch/x"),
            ("DELETE", "/sessions/lunch/x"),
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
            ("GET", "/nothing"),
            ("GET", "/docsx"),
            ("GET", "/health/../metrics"),
        ):
            for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": KEY[:-1]}, {"X-API-Key": KEY + "x"}):
                answer = await client.request(method, path, headers=headers)
                assert problem(answer)[:2] == (401, "unauthorized"), path
                assert "www-authenticate" in answer.headers


async def test_with_the_key_everything_answers() -> None:
    async with serving(api_key=KEY, headers=WITH_KEY) as client:
        assert (await client.post("/sessions", json={"call_id": "lunch"})).status_code == 201
        for path in ("/sessions", "/metrics", "/openapi.json"):
            assert (await client.get(path)).status_code == 200


async def test_the_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    async with serving(api_key=KEY) as client:
        for key in ("", "x", "x" * 1000):
            await client.get("/metrics", headers={"X-API-Key": key})

    assert compared == [(32, 32)] * 3


@pytest.mark.parametrize("form", ["{token}", '{{"close_token": "{token}"}}', "close_token={token}"])
async def test_the_close_token_closes_its_own_session_once(form: str) -> None:
    async with serving(api_key=KEY) as client:
        made = [
            (await client.post("/calls/lunch/sessions", json={}, headers=WITH_KEY)).json() for _ in range(2)
        ]
        assert made[0]["close_token"] != made[1]["close_token"]
        mine, other = (f"/calls/lunch/sessions/{body['session_id']}/close" for body in made)
        content = form.format(token=made[0]["close_token"])

        assert (await client.post(other, content=content)).status_code == 401
        assert (
            await client.post(mine, content=content.replace("close_token", "token")[:-3])
        ).status_code == 401
        assert (await client.post(mine, content=content)).status_code == 202
        assert (await client.post(mine, content=content)).status_code == 401
        client.headers.update(WITH_KEY)
        await until_gone(client, "lunch", made[0]["session_id"])
        assert (await client.get(f"/calls/lunch/sessions/{made[1]['session_id']}")).status_code == 200


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"[]", b"{}", b'{"close_token": 1}', b"null"])
async def test_what_is_no_token_closes_nothing(content: bytes) -> None:
    async with serving(api_key=KEY) as client:
        body = (await client.post("/calls/lunch/sessions", json={}, headers=WITH_KEY)).json()
        answer = await client.post(f"/calls/lunch/sessions/{body['session_id']}/close", content=content)

    assert problem(answer)[:2] == (401, "unauthorized")


async def test_without_a_key_there_is_no_token() -> None:
    async with serving() as client:
        assert "close_token" not in (await client.post("/calls/lunch/sessions", json={})).json()


async def test_a_route_of_your_own_needs_the_key_too() -> None:
    app = build_app(new_launcher(), ServeOptions(api_key=KEY))  # pyright: ignore[reportArgumentType]

    async def mine() -> str:
        return "mine"

    app.add_api_route("/custom", mine)
    app.add_api_route("/calls/a/sessions/b/closed", mine, methods=["POST"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
        assert (await client.get("/custom")).status_code == 401
        assert (await client.post("/calls/a/sessions/b/closed")).status_code == 401
        assert (await client.get("/custom", headers=WITH_KEY)).text == '"mine"'


async def test_the_router_in_an_application_of_yours_needs_the_key_too() -> None:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router, prefix="/agents")
    build_app(new_launcher(), ServeOptions(fast_api=app, api_key=KEY))  # pyright: ignore[reportArgumentType]
    transport = httpx.ASGITransport(app)
    async with (
        lifespan(app),
        httpx.AsyncClient(transport=transport, base_url="http://server/agents") as client,
    ):
        for path in ("/calls/lunch/sessions", "/sessions", "/calls/lunch/sessions/x/close"):
            answer = await client.post(path, json={"call_id": "lunch"})
            assert problem(answer)[:2] == (401, "unauthorized")
        answer = await client.post("/sessions", json={"call_id": "lunch"}, headers=WITH_KEY)
        assert answer.status_code == 201
        session = f"/calls/lunch/sessions/{answer.json()['session_id']}"
        assert (await client.get(session)).status_code == 401
        assert (await client.get(session, headers=WITH_KEY)).status_code == 200
        assert (
            await client.post(f"{session}/close", content=answer.json()["close_token"])
        ).status_code == 202


def test_the_key_shows_in_no_text() -> None:
    options = ServeOptions(api_key=KEY)  # pyright: ignore[reportArgumentType]

    assert KEY not in repr(options) + str(options) + str(options.model_dump())


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_a_mistake(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_AGENTS_API_KEY", key)
    with pytest.raises(ValueError, match="the API key is empty"):
        ServeOptions()


def allowed(call_id: str) -> bool:
    return True


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_open_server_warns_loudly_and_production_refuses(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    check_exposure(ServeOptions(), host)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "ANYBODY" in caplog.text

    with pytest.raises(ConfigurationError, match="VISION_AGENTS_API_KEY"):
        check_exposure(ServeOptions(env="production"), host)

    caplog.clear()
    check_exposure(ServeOptions(env="production", api_key=KEY), host)  # pyright: ignore[reportArgumentType]
    check_exposure(ServeOptions(env="production", can_start_session=allowed), host)
    assert not caplog.records


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_a_server_on_loopback_may_be_open(host: str, caplog: pytest.LogCaptureFixture) -> None:
    check_exposure(ServeOptions(env="production"), host)

    assert not caplog.records
