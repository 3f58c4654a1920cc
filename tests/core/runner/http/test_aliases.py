"""The shorter paths: their own shapes, the same guards, the same ids."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.runner.http.parts import problem, serving, until_gone

pytestmark = pytest.mark.virtual_time


async def test_their_documented_shapes() -> None:
    async with serving() as client:
        answer = await client.post("/sessions", json={"call_id": "test-123", "call_type": "default"})
        body = answer.json()
        assert answer.status_code == 201
        assert body.keys() == {"session_id", "call_id", "started_at"}

        answer = await client.get(f"/sessions/test-123/{body['session_id']}")
        assert answer.status_code == 200
        seen = answer.json()
        assert seen.pop("status") in {"starting", "active"}
        assert seen == body

        answer = await client.delete(f"/sessions/test-123/{body['session_id']}")
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        await until_gone(client, "test-123", body["session_id"])
        for answer in (
            await client.get(f"/sessions/test-123/{body['session_id']}"),
            await client.delete(f"/sessions/test-123/{body['session_id']}"),
        ):
            assert problem(answer)[:2] == (404, "session_not_found")


async def test_the_canonical_guard_sees_the_id_that_is_used() -> None:
    asked: list[tuple[str, str]] = []

    def asking(name: str):
        async def callback(call_id: str) -> bool:
            asked.append((name, call_id))
            return call_id == "mine"

        return callback

    options: dict[str, Any] = {
        name: asking(name) for name in ("can_start_session", "can_view_session", "can_close_session")
    }
    async with serving(**options) as client:
        tries = [
            await client.post("/sessions", json={"call_id": "theirs"}, params={"call_id": "mine"}),
            await client.post("/sessions", content=b'{"call_id": "mine", "call_id": "theirs"}', headers=JSON),
            await client.get("/sessions/theirs/x", params={"call_id": "mine"}),
            await client.delete("/sessions/theirs/x", params={"call_id": "mine"}),
        ]
        assert [answer.status_code for answer in tries] == [403] * 4
        body = (await client.post("/sessions", json={"call_id": "mine"}, params={"call_id": "theirs"})).json()
        assert body["call_id"] == "mine"

    assert asked == [
        ("can_start_session", "theirs"),
        ("can_start_session", "theirs"),
        ("can_view_session", "theirs"),
        ("can_close_session", "theirs"),
        ("can_start_session", "mine"),
    ]


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{}", 422),
        (b"[]", 422),
        (b"\xff", 422),
        (b'{"call_id": 3}', 422),
        (b'{"call_id": "a", "call_type": null}', 422),
        (b'{"call_id": ""}', 400),
        (b'{"call_id": "a/b"}', 400),
        (b'{"call_id": "../a"}', 400),
        (b'{"call_id": "a", "call_type": "A"}', 400),
        (b'{"call_id": "\\ud800"}', 400),
    ],
)
async def test_what_names_no_call_is_refused(content: bytes, status: int) -> None:
    async with serving() as client:
        answer = await client.post("/sessions", content=content, headers=JSON)

    assert problem(answer)[0] == status
    assert ("errors" in answer.json()) == (status == 422)


async def test_the_session_list_takes_no_call() -> None:
    async def can_list(call_id: str = "all") -> bool:
        return call_id in {"all", "mine"}

    async with serving(can_list_sessions=can_list) as client:
        assert (await client.get("/sessions")).status_code == 200
        assert (await client.get("/calls/mine/sessions")).status_code == 200
        assert (await client.get("/calls/theirs/sessions")).status_code == 403
        assert problem(await client.get("/sessions?call_id=mine"))[:2] == (400, "unexpected_call_id")
