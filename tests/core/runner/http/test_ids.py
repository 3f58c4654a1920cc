"""Ids of calls are checked before anything else sees them."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import pytest
from tests.core.runner.http.parts import new_launcher, problem, serving

pytestmark = pytest.mark.virtual_time

BAD = [
    "UPPER",
    "a b",
    "a\n",
    "\na",
    "...",
    "a.b",
    "ä",
    "a\x00",
    "*",
    "[a]",
    "a:b",
    "%",
    "a" * 129,
    "'; drop",
    "{call}",
    "\u202e",
]


@pytest.mark.parametrize("call_id", BAD)
async def test_a_bad_id_is_a_400_everywhere(call_id: str, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []

    async def never(call_id: str) -> bool:
        asked.append(call_id)
        return True

    caplog.set_level(logging.DEBUG)
    names = ("start_session", "close_session", "view_session", "view_metrics", "list_sessions")
    options: dict[str, Any] = {f"can_{name}": never for name in names}
    async with serving(**options) as client:
        caplog.clear()
        raw = quote(call_id, safe="")
        answers = [
            await client.post(f"/calls/{raw}/sessions", json={}),
            await client.get(f"/calls/{raw}/sessions"),
            await client.get(f"/calls/{raw}/sessions/x"),
            await client.get(f"/calls/{raw}/sessions/x/metrics"),
            await client.delete(f"/calls/{raw}/sessions/x"),
            await client.post(f"/calls/{raw}/sessions/x/close"),
            await client.get(f"/sessions/{raw}/x"),
            await client.delete(f"/sessions/{raw}/x"),
            await client.post("/sessions", json={"call_id": call_id}),
        ]

    assert [problem(answer)[:2] for answer in answers] == [(400, "invalid_id")] * len(answers)
    assert asked == []
    logged = [vars(r) for r in caplog.records if r.name.startswith("vision_agents")]
    assert not [record for record in logged if call_id in str(record.get("call_id"))]


@pytest.mark.parametrize("raw", ["", "a%2Fb", "%2e%2e%2fa", "a%2Fsessions%2Fb"])
async def test_an_id_that_would_be_another_path_is_a_400(raw: str) -> None:
    async with serving() as client:
        for path in (f"/calls/{raw}/sessions", f"/calls/{raw}/sessions/x/close"):
            assert problem(await client.post(path, json={}))[:2] == (400, "invalid_id")


@pytest.mark.parametrize("call_type", ["../../x", "a\n", "A", "", "x" * 65, "x" * 60_000])
async def test_a_bad_call_type_is_a_400(call_type: str) -> None:
    async with serving() as client:
        answer = await client.post("/calls/lunch/sessions", json={"call_type": call_type})

    assert problem(answer)[:2] == (400, "invalid_id")


async def test_a_transport_may_need_other_ids() -> None:
    async with serving(new_launcher(call_id_pattern=r"[A-Z]+:[a-z]+")) as client:
        assert (await client.post("/calls/ROOM:lunch/sessions", json={})).status_code == 201
        assert (await client.post("/sessions", json={"call_id": "ROOM:dinner"})).status_code == 201
        assert (await client.post("/calls/lunch/sessions", json={})).status_code == 400
