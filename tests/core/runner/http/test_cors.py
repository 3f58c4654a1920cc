"""Pages of other origins: anybody without credentials, or those that are named."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.core.runner.http.parts import serving

pytestmark = pytest.mark.virtual_time

EVIL = "https://evil.example"
GOOD = "https://myapp.com"
COOKIE = {"cookie": "session=1"}


def preflight(origin: str, method: str = "DELETE") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "X-API-Key, Authorization",
    }


@pytest.mark.parametrize(
    "options", [{}, {"cors_allow_credentials": True}, {"cors_allow_origins": {"*", GOOD}}]
)
async def test_any_origin_never_comes_with_credentials(options: dict[str, Any]) -> None:
    async with serving(**options) as client:
        for answer in (
            await client.get("/health", headers={"origin": EVIL, **COOKIE}),
            await client.get("/nothing", headers={"origin": EVIL, **COOKIE}),
            await client.options("/sessions", headers=preflight(EVIL)),
        ):
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
        asked = await client.options("/sessions", headers=preflight(EVIL))
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-headers"] == "X-API-Key, Authorization"


async def test_origins_that_are_named_are_matched_exactly() -> None:
    options: dict[str, Any] = {
        "cors_allow_origins": [GOOD],
        "cors_allow_methods": ["GET", "POST"],
        "cors_allow_headers": ["Authorization", "X-API-Key"],
    }
    async with serving(**options) as client:
        good = await client.get("/health", headers={"origin": GOOD, **COOKIE})
        assert good.headers["access-control-allow-origin"] == GOOD
        assert good.headers["access-control-allow-credentials"] == "true"
        for origin in (EVIL, GOOD + ".evil.example", "http://myapp.com", GOOD.upper(), "null"):
            answer = await client.get("/health", headers={"origin": origin, **COOKIE})
            assert "access-control-allow-origin" not in answer.headers
            assert (await client.options("/sessions", headers=preflight(origin, "POST"))).status_code == 400
        assert (await client.options("/sessions", headers=preflight(GOOD, "POST"))).status_code == 200
        assert (await client.options("/sessions", headers=preflight(GOOD, "DELETE"))).status_code == 400


async def test_a_preflight_needs_no_key_and_a_refusal_can_be_read() -> None:
    async with serving(api_key="key") as client:
        assert (await client.options("/sessions", headers=preflight(EVIL))).status_code == 200
        refused = await client.get("/sessions", headers={"origin": EVIL})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "*"


async def test_asking_for_both_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async with serving():
        assert not caplog.records
    async with serving(cors_allow_credentials=True):
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
