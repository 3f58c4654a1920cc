"""The edge itself: how it is built, where pages and agents meet, and what it says where a part is missing."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.plugins.webrtc.stub_peers import Ears, Street

from vision_agents.core.edge.http import HttpFiles, HttpRoute
from vision_agents.core.edge.transport import Call
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.people import User
from vision_agents.edge import Edge
from vision_agents.plugins import webrtc
from vision_agents.plugins.webrtc.connection import WebRtcConnection
from vision_agents.plugins.webrtc.rendezvous import Rendezvous
from vision_agents.plugins.webrtc.settings import EdgeSettings


class TestRendezvous:
    @pytest.fixture
    def place(self) -> Rendezvous:
        return Rendezvous()

    def enter(self, place: Rendezvous, call_id: str = "lunch") -> WebRtcConnection:
        connect = partial(WebRtcConnection, user=User(id="agent"), listener=Ears())
        return place.enter(call_id, connect, EdgeSettings(), Street().new_peer)

    @pytest.mark.virtual_time
    async def test_all_who_wait_are_let_in_when_the_agent_comes(self, place: Rendezvous) -> None:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(place.meeting("lunch", wait=10, most=3)) for _ in range(3)]
            await asyncio.sleep(9)
            agent = self.enter(place)

        found = place.find("lunch")
        assert found is not None
        assert [task.result() for task in waiting] == [found] * 3
        assert await place.meeting("lunch", wait=10, most=3) is found
        await agent.close()
        assert place.find("lunch") is None

    @pytest.mark.virtual_time
    async def test_waiting_has_an_end_and_so_has_the_queue(self, place: Rendezvous) -> None:
        waiting = asyncio.get_running_loop().create_task(place.meeting("lunch", wait=10, most=1))
        await asyncio.sleep(1)
        with pytest.raises(EdgeError, match="Too many"):
            await place.meeting("lunch", wait=10, most=1)
        with pytest.raises(EdgeError, match="within 10 s"):
            await waiting
        assert asyncio.get_running_loop().time() == 10
        given_up = asyncio.get_running_loop().create_task(place.meeting("lunch", wait=10, most=1))
        await asyncio.sleep(1)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert vars(place)["_waiting"] == {}

    @pytest.mark.virtual_time
    async def test_an_agent_that_came_and_went_is_told_of(self, place: Rendezvous) -> None:
        waiting = asyncio.get_running_loop().create_task(place.meeting("lunch", wait=10, most=1))
        await asyncio.sleep(1)
        await self.enter(place).close()
        with pytest.raises(EdgeError, match="has left"):
            await waiting

    @pytest.mark.virtual_time
    async def test_calls_are_apart_and_the_agents_of_one_meet(self, place: Rendezvous) -> None:
        first, second, other = self.enter(place), self.enter(place), self.enter(place, "dinner")
        assert (len(first.participants), len(second.participants), other.participants) == (1, 1, ())
        for connection in (first, second, other):
            await connection.close()


def test_the_documented_name_is_the_plugins() -> None:
    assert Edge is webrtc.Edge
    assert Edge.provider == "webrtc"


def test_its_routes_take_a_token_but_for_the_one_that_gives_it() -> None:
    files, *routes = Edge.http_routes()
    assert isinstance(files, HttpFiles)
    assert (files.path, files.call_in_page) == ("/demo", "/#call={call_id}")
    assert (files.directory / "index.html").is_file()
    policy = files.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert {"microphone=(self)", "camera=(self)", "display-capture=(self)"} <= set(
        files.headers["Permissions-Policy"].split(", ")
    )
    told = {route.path: route.takes_token for route in routes if isinstance(route, HttpRoute)}
    assert told == {"join-token": False, "offer": True, "resume": True}


@pytest.mark.parametrize(
    "settings",
    [
        {"most_people": 0},
        {"agent_wait": 0},
        {"resume_window": -1},
        {"interrupted_after": 0},
        {"host_addresses": ["example.org"]},
        {"host_addresses": []},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Edge(**settings)  # pyright: ignore[reportArgumentType]


async def test_closing_the_edge_leaves_its_calls() -> None:
    edge, ears = Edge(), Ears()
    connection = await edge.join(Call("lunch"), User(id="agent"), ears)
    await edge.close()
    assert connection.participants == ()
    with pytest.raises(EdgeError):
        await connection.wait_for_participant()
    await Edge().close()


def test_building_an_edge_loads_neither_media_nor_a_server() -> None:
    program = (
        "import sys; from vision_agents.edge import Edge; Edge(); Edge.http_routes(); "
        "print([name for name in ('aiortc', 'av', 'fastapi', 'uvicorn') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("missing", ["aiortc", "av"])
def test_what_is_missing_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str) -> object:
        return None if name == missing else real(name)

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    with pytest.raises(ModuleNotFoundError) as refused:
        importlib.reload(webrtc)

    assert str(refused.value) == (
        f"Calls in the browser need {missing}: run `pip install 'open-vision-agents[webrtc]'`."
    )


async def test_the_example_of_the_guide_builds_its_agent() -> None:
    scope = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "snippets" / "browser.py"))
    agent = await scope["create_agent"]()
    assert isinstance(agent.edge, Edge)
    await agent.close()
