"""A server without a socket, around agents that do nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions


async def create_agent() -> Agent:
    return Agent(edge=Edge())


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    """Be in the call until the session is closed."""
    await asyncio.Event().wait()


def new_launcher(create: Callable[..., Any] = create_agent, **settings: Any) -> AgentLauncher:
    return AgentLauncher(create, settings.pop("join_call", stay), **settings)


@asynccontextmanager
async def serving(
    launcher: AgentLauncher | None = None,
    *,
    headers: dict[str, str] | None = None,
    client: tuple[str, int] = ("127.0.0.1", 4711),
    **options: Any,
) -> AsyncGenerator[httpx.AsyncClient]:
    """Give a client of a server with these options."""
    app = build_app(launcher or new_launcher(), ServeOptions(**options))
    transport = httpx.ASGITransport(app, client=client)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://server", headers=headers) as http,
    ):
        yield http


async def started(client: httpx.AsyncClient, call_id: str = "lunch") -> str:
    """Start a session; gives its id."""
    answer = await client.post(f"/calls/{call_id}/sessions", json={})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_id"])


async def until_gone(client: httpx.AsyncClient, call_id: str, session_id: str) -> httpx.Response:
    """Wait until a session has ended."""
    while True:
        answer = await client.get(f"/calls/{call_id}/sessions/{session_id}")
        if answer.status_code != 200:
            return answer
        await asyncio.sleep(0.01)


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    """Read a problem document: status, code, detail."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "about:blank"
    assert body["title"]
    return answer.status_code, body["code"], body["detail"]
