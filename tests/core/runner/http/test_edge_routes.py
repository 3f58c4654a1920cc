"""Routes that a transport contributes: permission, then the node that runs the call, then the transport."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.core.runner.http.parts import new_launcher, problem, serving, started

from vision_agents.core.agents.agent import Agent
from vision_agents.core.edge.http import HttpAnswer, HttpFiles, HttpRequest, HttpRoute
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.errors import EdgeError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.launcher.registry.memory_store import InMemorySessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry

PAGES = Path(__file__).parent

asked: list[HttpRequest] = []


async def offer(request: HttpRequest) -> HttpAnswer:
    asked.append(request)
    if request.body == b"bad":
        raise EdgeError("The offer cannot be read.")
    return HttpAnswer(status=201, body=b'{"answer": 1}', headers={"X-Edge": "yes"})


class SignallingEdge(Edge):
    @classmethod
    def http_routes(cls) -> Sequence[HttpRoute | HttpFiles]:
        return (
            HttpRoute(method="POST", path="webrtc/token", answer=offer, statuses=(201,)),
            HttpRoute(
                method="POST", path="webrtc/offer/{peer}", answer=offer, takes_token=True, statuses=(201,)
            ),
            HttpFiles(path="/demo", directory=PAGES),
        )


async def create_agent() -> Agent:
    asked.clear()
    return Agent(edge=SignallingEdge())


async def test_the_transport_is_asked_with_what_it_needs() -> None:
    async with serving(new_launcher(create_agent)) as client:
        answer = await client.post("/calls/lunch/webrtc/offer/me?x=1", content=b"sdp", headers={"A": "b"})

    assert (answer.status_code, answer.json(), answer.headers["x-edge"]) == (201, {"answer": 1}, "yes")
    (request,) = asked
    assert (request.call_id, request.parameters, request.query) == ("lunch", {"peer": "me"}, {"x": "1"})
    assert (request.headers["a"], request.body) == ("b", b"sdp")


async def test_permission_and_id_and_size_come_first() -> None:
    async def no(call_id: str) -> bool:
        return False

    async with serving(new_launcher(create_agent), can_start_session=no) as client:
        assert problem(await client.post("/calls/lunch/webrtc/token"))[0] == 403
        assert problem(await client.post("/calls/Lunch/webrtc/token"))[0] == 400
        assert problem(await client.post("/calls/Lunch/webrtc/offer/me"))[0] == 400
        too_much = await client.post("/calls/lunch/webrtc/offer/me", content=b"x" * 65_537)
        assert problem(too_much)[0] == 413
        assert asked == []
        assert (await client.post("/calls/lunch/webrtc/offer/me")).status_code == 201


async def test_a_key_is_needed_but_where_a_token_is_taken() -> None:
    async with serving(new_launcher(create_agent), api_key="key") as client:
        assert problem(await client.post("/calls/lunch/webrtc/token"))[0] == 401
        assert (await client.post("/calls/lunch/webrtc/offer/me")).status_code == 201
        assert (
            await client.post("/calls/lunch/webrtc/token", headers={"X-API-Key": "key"})
        ).status_code == 201
        assert (await client.get("/demo/parts.py")).status_code == 200
        for path in ("/demo/../sessions", "/demonstration", "/calls/lunch/webrtc/offer/me/more"):
            assert problem(await client.get(path))[0] == 401, path


async def test_static_files_are_served_and_no_others() -> None:
    async with serving(new_launcher(create_agent)) as client:
        assert (await client.get("/demo/parts.py")).text == (PAGES / "parts.py").read_text()
        for path in ("/demo/nothing", "/demo/%2e%2e/test_runner.py", "/demo/..%2ftest_runner.py"):
            assert (await client.get(path)).status_code == 404, path
        assert problem(await client.get("/demo/nothing"))[0] == 404


async def test_what_the_transport_refuses_is_a_409() -> None:
    async with serving(new_launcher(create_agent)) as client:
        answer = await client.post("/calls/lunch/webrtc/token", content=b"bad")

    assert problem(answer) == (409, "signalling_failed", "The offer cannot be read.")


async def test_the_routes_are_documented() -> None:
    async with serving(new_launcher(create_agent)) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]

    responses = paths["/calls/{call_id}/webrtc/token"]["post"]["responses"]
    assert {"201", "307", "400", "401", "403", "409", "413", "421", "503"} <= set(responses)


def on_shared(store: InMemorySessionKVStore, name: str) -> AgentLauncher:
    return new_launcher(create_agent, registry=SessionRegistry(store, node_id=name))


async def test_another_nodes_call_is_redirected_to_that_node() -> None:
    store = InMemorySessionKVStore()
    a, b = on_shared(store, "a"), on_shared(store, "b")
    async with (
        serving(a, advertise_url="https://a.example:8443/base/", can_start_session=even) as at_a,
        serving(b, can_start_session=even) as at_b,
    ):
        await started(at_a, "call-2")
        there = await at_b.post("/calls/call-2/webrtc/offer/me?x=1", content=b"sdp")
        assert there.status_code == 307
        assert there.headers["location"] == "https://a.example:8443/base/calls/call-2/webrtc/offer/me?x=1"
        assert asked == []
        assert (await at_a.post("/calls/call-2/webrtc/offer/me")).status_code == 201
        assert (await at_b.post("/calls/call-4/webrtc/token")).status_code == 201  # nobody runs it yet

        asked.clear()
        assert (
            problem(await at_b.post("/calls/call-3/webrtc/token"))[0] == 403
        )  # before anything is looked up
        await started(at_b, "call-6")
        unknown = await at_a.post("/calls/call-6/webrtc/token")
        assert problem(unknown)[:2] == (421, "call_on_another_node")
        assert asked == []


async def even(call_id: str) -> bool:
    return int(call_id[-1]) % 2 == 0


@pytest.mark.parametrize("path", ["", "/x", "sessions", "sessions/x", "a b", "../x", "x/{}", "X"])
def test_a_route_keeps_below_its_call(path: str) -> None:
    with pytest.raises(ValueError, match="no path below a call"):
        HttpRoute(method="POST", path=path, answer=offer)
    with pytest.raises(ValueError, match="capitals"):
        HttpRoute(method="post", path="x", answer=offer)


@pytest.mark.parametrize("path", ["", "/", "demo", "/calls", "/docs", "/a/b", "/.."])
def test_files_keep_to_their_own_path(path: str) -> None:
    with pytest.raises(ValueError, match="Static files need a path"):
        HttpFiles(path=path, directory=PAGES)


async def test_an_agent_without_a_transport_contributes_nothing() -> None:
    async def without() -> Agent:
        return Agent()

    async with serving(new_launcher(without)) as client:
        assert (await client.get("/health")).status_code == 200
