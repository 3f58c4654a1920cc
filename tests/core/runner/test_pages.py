"""`run` with an edge that has a page: it is served on this machine, and opened where there is a browser."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.core.runner.http.parts import problem

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.http import HttpAnswer, HttpFiles, HttpRequest, HttpRoute
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.console_run import ConsoleRun, RunOptions
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.runner.screen import Screen
from vision_agents.core.types.people import User
from vision_agents.testing.scripted import ScriptedTTS

PAGES = Path(__file__).parent


async def hello(request: HttpRequest) -> HttpAnswer:
    return HttpAnswer(body=f'"hello {request.call_id}"'.encode())


class PageEdge(EdgeTransport):
    """Carries calls by means of a loopback edge, and has a page."""

    def __init__(self) -> None:
        self.inside = Edge()

    @classmethod
    def http_routes(cls) -> Sequence[HttpRoute | HttpFiles]:
        return (
            HttpRoute(method="POST", path="hello", answer=hello),
            HttpFiles(
                path="/demo", directory=PAGES, headers={"X-Page": "yes"}, call_in_page="/#call={call_id}"
            ),
        )

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        return await self.inside.join(call, user, listener)


class Shown(Screen):
    """Keeps the address that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.url = asyncio.Event()
        self.page = ""

    def show_page(self, url: str) -> None:
        self.page = url
        self.url.set()

    @property
    def server(self) -> str:
        return self.page.partition("/demo")[0]


async def run(
    visit: Callable[[Shown], Awaitable[None]], *, options: ServeOptions | None = None, **run_options: Any
) -> Shown:
    """Run an agent; when its page is served, visit it, and end the call."""
    screen = Shown()

    async def join(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0):
            await screen.url.wait()
            await visit(screen)

    launcher = AgentLauncher(lambda: Agent(edge=PageEdge(), tts=ScriptedTTS()), join)
    serve_options = None if options is None else lambda: options
    await ConsoleRun(
        launcher, RunOptions(call_id="lunch", **run_options), screen, serve_options=serve_options
    ).run()
    return screen


@pytest.fixture(autouse=True)
def _no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)


async def test_the_page_and_the_signalling_are_served_while_the_call_lasts() -> None:
    async def visit(screen: Shown) -> None:
        assert screen.page == f"{screen.server}/demo/#call=lunch"
        async with httpx.AsyncClient(base_url=screen.server) as client:
            page = await client.get("/demo/test_pages.py")
            assert (page.status_code, page.headers["x-page"]) == (200, "yes")
            missing = await client.get("/demo/nothing")
            assert (missing.status_code, missing.headers.get("location")) == (404, None)
            assert (await client.get("/demo")).headers["location"] == "/demo/"
            assert (await client.post("/calls/lunch/hello")).json() == "hello lunch"
            listed = (await client.get("/calls/lunch/sessions")).json()["sessions"]
            assert [session["status"] for session in listed] == ["active"]

    screen = await run(visit)
    async with httpx.AsyncClient(base_url=screen.server) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/health")


async def test_pages_of_other_sites_are_kept_out() -> None:
    async def visit(screen: Shown) -> None:
        async with httpx.AsyncClient(base_url=screen.server) as client:
            rebound = await client.get("/demo/test_pages.py", headers={"Host": "evil.example"})
            assert problem(rebound)[:2] == (400, "unknown_host")
            origin = {"Origin": "https://evil.example"}
            answer = await client.post("/calls/lunch/hello", headers=origin)
            assert "access-control-allow-origin" not in answer.headers
            asked = {**origin, "Access-Control-Request-Method": "POST"}
            refused = await client.options("/calls/lunch/sessions", headers=asked)
            assert refused.status_code == 400

    await run(visit, options=ServeOptions(cors_allow_origins=["*"], allowed_hosts=["*"]))


async def test_an_api_key_holds_here_too() -> None:
    async def visit(screen: Shown) -> None:
        async with httpx.AsyncClient(base_url=screen.server) as client:
            assert (await client.get("/demo/test_pages.py")).status_code == 200
            assert problem(await client.post("/calls/lunch/hello"))[0] == 401

    await run(visit, options=ServeOptions(api_key="key"))  # pyright: ignore[reportArgumentType]


async def test_an_environment_that_cannot_be_is_told_before_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_AGENTS_MAX_CONNECTIONS", "none")

    async def visit(screen: Shown) -> None:
        raise AssertionError("it was served")

    with pytest.raises(ConfigurationError, match="VISION_AGENTS_MAX_CONNECTIONS"):
        await run(visit)


@pytest.mark.parametrize("no_demo", [False, True])
async def test_a_browser_is_opened_unless_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_demo: bool
) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(stat.S_IRWXU)
    monkeypatch.setenv("BROWSER", str(browser))

    async def visit(screen: Shown) -> None:
        async with asyncio.timeout(10):
            while not no_demo and not opened.exists():  # noqa: ASYNC110 - a program tells
                await asyncio.sleep(0.01)

    screen = await run(visit, no_demo=no_demo)
    assert opened.exists() is not no_demo
    if not no_demo:
        assert opened.read_text().strip() == screen.page


async def test_a_call_from_a_file_needs_no_page(tmp_path: Path) -> None:
    from vision_agents.core.audio.wav import WavWriter
    from vision_agents.testing.tone_speech import speak

    path = tmp_path / "question.wav"
    writer = WavWriter(path, sample_rate=16_000)
    writer.write(speak("is it sunny").samples)
    writer.close()
    screen = Shown()

    async def join(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call):
            await agent.finish()

    launcher = AgentLauncher(lambda: Agent(edge=PageEdge(), tts=ScriptedTTS()), join)
    await ConsoleRun(launcher, RunOptions(audio_track_override=str(path)), screen).run()
    assert screen.page == ""


async def test_a_greeting_waits_for_the_person_to_open_the_page() -> None:
    screen, waited = Shown(), asyncio.Event()

    async def join(agent: Agent, call_type: str, call_id: str) -> None:
        call = await agent.create_call(call_type, call_id)
        async with agent.join(call, participant_wait_timeout=0.1):
            waited.set()

    agents = [Agent(edge=PageEdge(), tts=ScriptedTTS()) for _ in range(2)]
    made = list(agents)
    running = asyncio.get_running_loop().create_task(
        ConsoleRun(AgentLauncher(lambda: agents.pop(0), join), RunOptions(call_id="late"), screen).run()
    )
    await screen.url.wait()
    await asyncio.sleep(0.3)
    assert not waited.is_set()
    edge = made[1].edge
    assert isinstance(edge, PageEdge)
    edge.inside.join_as(User(id="late"))
    await running
    assert waited.is_set()
