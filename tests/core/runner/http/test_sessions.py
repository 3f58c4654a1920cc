"""Sessions over HTTP: the documented routes, shapes and texts."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from tests.core.runner.http.parts import create_agent, new_launcher, problem, serving, started, until_gone

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import RegistryRecovering, RegistryUnavailable
from vision_agents.core.launcher.launcher import AgentLauncher

pytestmark = pytest.mark.virtual_time


async def test_a_session_is_started_found_and_closed() -> None:
    async with serving() as client:
        answer = await client.post("/calls/my-call-123/sessions", json={"call_type": "default"})
        body = answer.json()
        session = f"/calls/my-call-123/sessions/{body['session_id']}"

        assert answer.status_code == 201
        assert body.keys() == {"session_id", "call_id", "session_started_at"}
        assert body["call_id"] == "my-call-123"
        assert body["session_started_at"].endswith("Z")
        assert datetime.fromisoformat(body["session_started_at"]).tzinfo is not None

        seen = (await client.get(session)).json()
        assert {key: seen[key] for key in body} == body
        assert seen["status"] in {"starting", "active"}
        assert seen["node"]
        assert seen["reason"] is None

        answer = await client.delete(session)
        assert (answer.status_code, answer.content) == (202, b"")
        ended = await until_gone(client, "my-call-123", body["session_id"])
        assert problem(ended)[1:] == (
            "session_not_found",
            f"Session with id '{body['session_id']}' not found",
        )
        assert (ended.json()["status"], ended.json()["reason"]) == ("closed", "requested")


async def test_metrics_of_a_session() -> None:
    async with serving() as client:
        session_id = await started(client)
        answer = await client.get(f"/calls/lunch/sessions/{session_id}/metrics")

        assert answer.status_code == 200
        assert answer.json().keys() == {
            "session_id",
            "call_id",
            "session_started_at",
            "metrics_generated_at",
            "metrics",
        }
        assert all(
            value is None or isinstance(value, int | float) for value in answer.json()["metrics"].values()
        )


@pytest.mark.parametrize("content_type", [None, "text/plain;charset=UTF-8", "application/json", "image/png"])
async def test_closing_by_beacon_takes_any_content_type(content_type: str | None) -> None:
    async with serving() as client:
        session_id = await started(client)
        headers = {"content-type": content_type} if content_type else {}
        answer = await client.post(
            f"/calls/lunch/sessions/{session_id}/close", content=b"\xff{", headers=headers
        )

        assert answer.status_code == 202
        await until_gone(client, "lunch", session_id)


async def test_sessions_are_listed_by_call_and_altogether() -> None:
    async with serving() as client:
        lunch, dinner = await started(client, "lunch"), await started(client, "dinner")

        of_lunch = (await client.get("/calls/lunch/sessions")).json()["sessions"]
        of_all = (await client.get("/sessions")).json()["sessions"]
        assert [item["session_id"] for item in of_lunch] == [lunch]
        assert {item["session_id"] for item in of_all} == {lunch, dinner}
        assert of_lunch[0] == (await client.get(f"/calls/lunch/sessions/{lunch}")).json()


@pytest.mark.parametrize("path", ["", "/close", "/metrics"])
async def test_unknown_sessions_are_not_found(path: str) -> None:
    async with serving() as client:
        session_id = await started(client)
        for call_id, session in (("lunch", "nobody"), ("dinner", session_id)):
            url = f"/calls/{call_id}/sessions/{session}{path}"
            answer = await (client.post(url) if path == "/close" else client.get(url))
            assert problem(answer) == (404, "session_not_found", f"Session with id '{session}' not found")
            assert answer.json()["status"] == 404
            assert "reason" not in answer.json()
        assert (await client.delete("/calls/dinner/sessions/x")).status_code == 404


async def test_the_limits_answer_429_and_when_to_try_again() -> None:
    launcher = new_launcher(max_concurrent_sessions=2, max_sessions_per_call=1)
    async with serving(launcher) as client:
        await started(client, "lunch")
        again = await client.post("/calls/lunch/sessions", json={})
        assert problem(again) == (
            429,
            "max_sessions_per_call",
            "Reached maximum number of sessions for this call",
        )
        await started(client, "dinner")
        one_more = await client.post("/calls/tea/sessions", json={})
        assert problem(one_more) == (
            429,
            "max_concurrent_sessions",
            "Reached maximum number of concurrent sessions",
        )
        assert int(again.headers["retry-after"]) > 0
        assert int(one_more.headers["retry-after"]) > 0


async def test_two_hundred_at_once_and_a_limit_of_ten() -> None:
    async with serving(new_launcher(max_concurrent_sessions=10)) as client:
        for _ in range(2):  # the slots are free again after closing
            answers = await asyncio.gather(
                *(client.post(f"/calls/call-{i}/sessions", json={}) for i in range(200))
            )
            good = [answer.json() for answer in answers if answer.status_code == 201]
            full = [answer for answer in answers if answer.status_code == 429]
            assert (len(good), len(full)) == (10, 190)
            assert all("retry-after" in answer.headers for answer in full)
            for body in good:
                await client.delete(f"/calls/{body['call_id']}/sessions/{body['session_id']}")
            for body in good:
                await until_gone(client, body["call_id"], body["session_id"])


def failing_after_warmup(error: Exception | None) -> AgentLauncher:
    made: list[Agent] = []

    async def create() -> Agent:
        if made and error is not None:
            raise error
        if made:
            await asyncio.sleep(3600)
        made.append(await create_agent())
        return made[-1]

    return new_launcher(create, start_timeout=2.0)


async def test_an_agent_that_cannot_be_built_is_a_500_that_keeps_the_cause() -> None:
    async with serving(failing_after_warmup(ZeroDivisionError("sk-secret"))) as client:
        answer = await client.post("/calls/lunch/sessions", json={})

        assert problem(answer) == (500, "agent_failed", "Failed to start agent")
        assert len(answer.json()["session_id"]) == 36
        assert "sk-secret" not in answer.text


async def test_an_agent_that_is_never_built_is_a_504() -> None:
    async with serving(failing_after_warmup(None)) as client:
        answer = await client.post("/calls/lunch/sessions", json={})

        assert problem(answer)[:2] == (504, "start_timeout")
        assert len(answer.json()["session_id"]) == 36


async def test_a_draining_server_starts_nothing() -> None:
    launcher = new_launcher()
    async with serving(launcher) as client:
        session_id = await started(client)
        draining = asyncio.get_running_loop().create_task(launcher.drain(60))
        await asyncio.sleep(0)

        answer = await client.post("/calls/dinner/sessions", json={})
        assert problem(answer)[:2] == (503, "draining")
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        assert (await client.get(f"/calls/lunch/sessions/{session_id}")).status_code == 200
        await client.delete(f"/calls/lunch/sessions/{session_id}")
        await draining
        assert problem(await client.post("/calls/dinner/sessions", json={}))[0] == 503


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [(RegistryUnavailable("away", retry_after=1.2), "2"), (RegistryRecovering("new", retry_after=11), "11")],
)
async def test_a_registry_that_is_away_is_a_503(
    error: RegistryUnavailable, retry_after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise error

    launcher = new_launcher()
    async with serving(launcher) as client:
        for method in ("start_session", "get_session_info", "request_close_session"):
            monkeypatch.setattr(launcher, method, away)
        for answer in (
            await client.post("/calls/lunch/sessions", json={}),
            await client.get("/calls/lunch/sessions/x"),
            await client.get("/calls/lunch/sessions/x/metrics"),
            await client.delete("/calls/lunch/sessions/x"),
        ):
            assert problem(answer)[:2] == (503, "registry_unavailable")
            assert answer.headers["retry-after"] == retry_after


async def test_a_fault_of_the_server_is_told_to_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("inner workings")

    launcher = new_launcher()
    async with serving(launcher) as client:
        monkeypatch.setattr(launcher, "get_session_info", broken)
        answer = await client.get("/calls/lunch/sessions/x")

    assert problem(answer) == (500, "internal_error", "The server failed to answer")
    assert "A request failed" in caplog.text
