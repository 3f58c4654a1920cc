"""One key, one session: however often the request is sent, and whatever becomes of its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from tests.core.runner.http.parts import create_agent, new_launcher, problem, serving

from vision_agents.core.agents.agent import Agent
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions

pytestmark = pytest.mark.virtual_time


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def post(client: httpx.AsyncClient, key: str, call_id: str = "lunch", **body: str) -> httpx.Response:
    return await client.post(f"/calls/{call_id}/sessions", json=body, headers=keyed(key))


async def test_the_same_request_gives_the_same_session() -> None:
    launcher = new_launcher()
    async with serving(launcher) as client:
        first, second = await post(client, "one"), await post(client, "one", call_type="default")
        alias = await client.post("/sessions", json={"call_id": "lunch"}, headers=keyed("one"))

        assert first.status_code == second.status_code == alias.status_code == 201
        assert first.json() == second.json()
        assert alias.json()["session_id"] == first.json()["session_id"]
        assert launcher.total_sessions_started == 1
        assert (await post(client, "two")).json() != first.json()
        assert (await post(client, "one", "dinner")).json() != first.json()


async def test_another_request_under_the_key_is_refused() -> None:
    async with serving() as client:
        await post(client, "one")
        answer = await post(client, "one", call_type="other")

    assert problem(answer)[:2] == (422, "idempotency_conflict")


async def test_a_failure_may_be_tried_again() -> None:
    launcher = new_launcher(max_sessions_per_call=1)
    async with serving(launcher) as client:
        other = (await client.post("/calls/lunch/sessions", json={})).json()
        assert (await post(client, "one")).status_code == 429
        await launcher.close_session(other["session_id"], wait=True)
        assert (await post(client, "one")).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "\x7f", "x" * 256])
async def test_a_key_is_printable(key: str) -> None:
    async with serving() as client:
        assert problem(await post(client, key))[:2] == (400, "invalid_idempotency_key")


class SlowAgents:
    """Builds an agent in a second, after the one of the warm-up."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.made = -1
        self._seconds = seconds

    async def __call__(self) -> Agent:
        self.made += 1
        if self.made:
            await asyncio.sleep(self._seconds)
        return await create_agent()


async def test_a_double_click_gives_one_session() -> None:
    agents = SlowAgents()
    async with serving(new_launcher(agents)) as client:
        answers = await asyncio.gather(*(post(client, "one") for _ in range(5)))

    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert agents.made == 1


async def test_who_waits_too_long_is_told_to_come_back() -> None:
    agents = SlowAgents(20.0)
    async with serving(new_launcher(agents)) as client:
        first, second = await asyncio.gather(post(client, "one"), post(client, "one"))

    assert first.status_code == 201
    assert problem(second)[:2] == (409, "in_progress")
    assert second.headers["retry-after"] == "1"


async def leave_after(seconds: float, headers: dict[str, str], agents: SlowAgents) -> int:
    """Send a request, and be gone before the answer; tells how many sessions there are in the end."""
    launcher = new_launcher(agents)
    app = build_app(launcher, ServeOptions())
    messages = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive() -> Mapping[str, object]:
        if messages:
            return messages.pop()
        await asyncio.sleep(seconds)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        """Nobody listens."""

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/calls/lunch/sessions",
        "raw_path": b"/calls/lunch/sessions",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/json"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)  # pyright: ignore[reportArgumentType]
        await asyncio.sleep(2)
        return launcher.active_sessions


async def test_who_leaves_during_the_start_leaves_nothing_behind() -> None:
    sessions = await leave_after(0.3, {}, SlowAgents())

    assert sessions == 0


async def test_who_leaves_with_a_key_finds_the_session_again() -> None:
    sessions = await leave_after(0.3, keyed("one"), SlowAgents())

    assert sessions == 1
