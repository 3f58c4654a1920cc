"""What OpenAPI tells, and the page that shows it without the network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.core.runner.http.parts import new_launcher, serving

from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions

SCHEMA: dict[str, Any] = build_app(new_launcher(), ServeOptions()).openapi()

OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in SCHEMA["paths"].items()
    for method, operation in operations.items()
}


def test_every_documented_route_and_alias_is_told() -> None:
    assert set(OPERATIONS) == {
        ("POST", "/calls/{call_id}/sessions"),
        ("GET", "/calls/{call_id}/sessions"),
        ("GET", "/calls/{call_id}/sessions/{session_id}"),
        ("DELETE", "/calls/{call_id}/sessions/{session_id}"),
        ("GET", "/calls/{call_id}/sessions/{session_id}/metrics"),
        ("POST", "/calls/{call_id}/sessions/{session_id}/close"),
        ("POST", "/sessions"),
        ("GET", "/sessions"),
        ("GET", "/sessions/{call_id}/{session_id}"),
        ("DELETE", "/sessions/{call_id}/{session_id}"),
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/metrics"),
    }


STATUSES = {
    ("POST", "/calls/{call_id}/sessions"): {201, 400, 401, 403, 409, 415, 422, 429, 500, 504},
    ("POST", "/sessions"): {201, 400, 401, 403, 409, 415, 422, 429, 500, 504},
    ("DELETE", "/calls/{call_id}/sessions/{session_id}"): {202, 400, 401, 403, 404, 422},
    ("DELETE", "/sessions/{call_id}/{session_id}"): {200, 400, 401, 403, 404, 422},
    ("GET", "/sessions/{call_id}/{session_id}"): {200, 400, 401, 403, 404, 422},
    ("GET", "/ready"): {200},
}


@pytest.mark.parametrize(("operation", "statuses"), STATUSES.items(), ids=str)
def test_every_status_is_told(operation: tuple[str, str], statuses: set[int]) -> None:
    told = {int(status) for status in OPERATIONS[operation]["responses"]}

    assert told == statuses | {413, 431, 503}  # any request may be too large, or one too many


def properties(operation: tuple[str, str], status: int) -> set[str]:
    schema = OPERATIONS[operation]["responses"][str(status)]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    return set(SCHEMA["components"]["schemas"][name]["properties"])


def test_the_aliases_have_their_own_shapes() -> None:
    token = "close_token"
    assert properties(("POST", "/sessions"), 201) == {"session_id", "call_id", "started_at", token}
    assert properties(("POST", "/calls/{call_id}/sessions"), 201) == {
        "session_id",
        "call_id",
        "session_started_at",
        token,
    }
    assert properties(("GET", "/sessions/{call_id}/{session_id}"), 200) == {
        "session_id",
        "call_id",
        "started_at",
        "status",
    }
    assert properties(("DELETE", "/sessions/{call_id}/{session_id}"), 200) == {"success"}


def test_problems_are_told_as_problem_documents() -> None:
    for operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.virtual_time
async def test_metrics_are_told_in_all_their_forms() -> None:
    content = OPERATIONS["GET", "/metrics"]["responses"]["200"]["content"]

    assert set(content) == {"application/json", "text/plain", "application/openmetrics-text"}


async def test_the_page_asks_nobody_else() -> None:
    async with serving() as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "Swagger UI" in page.text
        used = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert used
        for url in used:
            if url != "data:,":
                assert url.startswith("./docs/")
                assert (await client.get(url.removeprefix("."))).status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in (await client.get("/docs/docs.js")).text.replace("https", "")
        assert (await client.get("/openapi.json")).json() == SCHEMA
