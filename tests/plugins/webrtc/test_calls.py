"""A person in a browser talks with an agent: real peer connections, the real application, scripted models."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from tests.core.runner.http.parts import new_launcher, problem, started, until_gone
from tests.plugins.webrtc.parts import Page, near, new_edge, page, scripted_agent, server, soon

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.plugins.webrtc.media.peer import Peer
from vision_agents.plugins.webrtc.meeting import Meeting
from vision_agents.plugins.webrtc.signalling import signalling
from vision_agents.testing.scripted import Line, Says
from vision_agents.testing.tone_speech import read_speech

COUNT = "One two three four five. Six seven eight nine ten. Eleven twelve thirteen fourteen."


def agents(*lines: Line | str) -> Callable[[], Agent]:
    return lambda: scripted_agent(lines)


def words(person: Page) -> str:
    """What the page's loudspeaker said."""
    heard = person.browser.heard
    return read_speech(PcmData(np.concatenate(heard), 48_000)) if heard else ""


async def joined(client: httpx.AsyncClient, person: Page) -> str:
    session_id = await started(client, person.call_id)
    await person.join()
    await person.until_shown("hello", session_id=session_id)
    return session_id


async def test_a_spoken_question_is_shown_and_answered_aloud_twice() -> None:
    lines = (Says(to="is it sunny", text="Yes it is."), Says(to="are you sure", text="Very sure."))
    async with server(agents(*lines)) as (client, _), page(client, "lunch", name="Grace") as person:
        await joined(client, person)
        for question, answer in (("is it sunny", "Yes it is."), ("are you sure", "Very sure.")):
            person.say(question)
            shown = await person.until_shown("transcript", role="user", text=question, final=True)
            assert shown["name"] == "Grace"
            await person.until_shown("transcript", role="agent", text=answer, final=True)

        (hello,) = person.shown("hello")
        assert hello["agent"] == {"id": "agent", "name": "Ada"}
        assert [turn["turn_id"] for turn in person.shown("turn")] == [
            line["id"] for line in person.shown("transcript", role="agent", final=True)
        ]
        await soon(lambda: near(words(person), "yes it is very sure"))


async def test_the_page_silences_types_presses_and_pings() -> None:
    async with server(agents(COUNT, "Of course.")) as (client, launcher), page(client, "keys") as person:
        session_id = await joined(client, person)
        session = launcher.get_session(session_id)
        assert session is not None
        pressed: list[str] = []
        session.on("plugin.edge.dtmf_received", lambda event: pressed.append(event["digit"]))
        person.send(type="text", text="count")
        await person.until_shown("agent_state", state="speaking")
        await soon(lambda: words(person))
        person.send(type="interrupt")
        cut = await person.until_shown("transcript", role="agent", final=True)
        assert cut["interrupted"]
        assert cut["unheard"]
        person.send(type="digit", digit="7")
        person.send(type="ping", n=12)
        await person.until_shown("pong", n=12)
        assert pressed == ["7"]
        person.send(type="text", text="may i ask")
        await person.until_shown("transcript", role="agent", text="Of course.", final=True)


async def test_two_people_hear_each_other_and_the_agent() -> None:
    async with (
        server(agents(Says(to="is it sunny", text="Yes it is."))) as (client, launcher),
        page(client, "two", name="Ann") as ann,
        page(client, "two", name="Bob") as bob,
    ):
        session_id = await joined(client, ann)
        await bob.join()
        await bob.until_shown("hello", session_id=session_id)
        session = launcher.get_session(session_id)
        assert session is not None
        assert len(session.connection.participants) == 2
        ann.say("is it sunny")
        await bob.until_shown("transcript", role="agent", text="Yes it is.", final=True)
        await ann.until_shown("transcript", role="agent", text="Yes it is.", final=True)
        await soon(lambda: near(words(bob), "is it sunny yes it is") and near(words(ann), "yes it is"))
        said = bob.shown("transcript", role="user", final=True)
        assert [(line["text"], line["name"]) for line in said] == [("is it sunny", "Ann")]


class TestMeeting:
    async def test_the_page_may_come_first(self) -> None:
        async with server() as (client, _), page(client, "early") as person:
            async with asyncio.TaskGroup() as group:
                joining = group.create_task(person.join())
                await asyncio.sleep(0.3)
                assert not joining.done()
                await started(client, "early")
            await person.until_shown("hello")

    async def test_without_an_agent_there_is_no_call(self) -> None:
        async with (
            server(lambda: scripted_agent(edge=new_edge(agent_wait=0.2))) as (client, _),
            page(client, "empty") as person,
        ):
            token = await person.token()
            offer = await person.browser.offer()
            answer = await person.post("offer", token, type="offer", sdp=offer)
            assert problem(answer)[:2] == (409, "signalling_failed")
            assert "No agent is in this call" in problem(answer)[2]
            again = await person.post("offer", token, type="offer", sdp=offer)
            assert problem(again)[0] == 401  # it was used

    async def test_nobody_is_let_into_a_full_call(self) -> None:
        async with (
            server(lambda: scripted_agent(edge=new_edge(most_people=1))) as (client, _),
            page(client, "full") as ann,
            page(client, "full") as bob,
        ):
            await joined(client, ann)
            token = await bob.token()
            answer = await bob.post("offer", token, type="offer", sdp=await bob.browser.offer())
            assert problem(answer)[0] == 409
            assert "full" in problem(answer)[2]

    async def test_ice_servers_are_told_with_the_token(self) -> None:
        from vision_agents.plugins.webrtc.media.settings import IceServer

        turn = IceServer("turn:turn.example.org", username="u", credential="c")
        async with server(lambda: scripted_agent(edge=new_edge(ice_servers=[turn]))) as (client, _):
            answer = await client.post("/calls/lunch/join-token", json={})
            assert answer.json()["ice_servers"] == [
                {"urls": ["turn:turn.example.org"], "username": "u", "credential": "c"}
            ]


class TestLeaving:
    async def test_the_session_ends_when_the_page_has_left_and_nobody_came(self) -> None:
        settings = {"agent_idle_timeout": 0.3, "maintenance_interval": 0.1}
        async with server(launcher=settings) as (client, _), page(client, "brief") as person:
            session_id = await joined(client, person)
            person.send(type="leave")
            gone = await until_gone(client, "brief", session_id)
            assert (gone.status_code, gone.json()["reason"]) == (404, "idle_timeout")

    async def test_a_page_that_only_closes_has_left_within_seconds(self) -> None:
        async with server() as (client, launcher), page(client, "tab") as person:
            session = launcher.get_session(await joined(client, person))
            assert session is not None
            await person.browser.pc.close()
            await soon(lambda: not session.connection.participants, within=4)
            assert session.idle_for() < 1

    async def test_the_page_is_told_why_the_call_has_ended(self) -> None:
        async with server() as (client, _), page(client, "told") as person:
            session_id = await joined(client, person)
            await client.delete(f"/calls/told/sessions/{session_id}")
            end = await person.until_shown("end")
            assert (end["reason"], person.browser.messages[-1]) == ("requested", end)
            await soon(lambda: person.browser.pc.connectionState == "closed")

    async def test_a_server_that_stops_ends_its_calls(self) -> None:
        async with server() as (client, _):
            person = Page(client, "stop")
            await joined(client, person)
        try:
            assert person.shown("end")
            await soon(lambda: person.browser.pc.connectionState == "closed")
        finally:
            await person.close()
        assert signalling().rendezvous.find("stop") is None

    async def test_a_page_that_offers_and_goes_leaves_nothing(self) -> None:
        async with server() as (client, _), page(client, "gone") as person:
            await started(client, "gone")
            token = await person.token()
            answer = await person.post("offer", token, type="offer", sdp=await person.browser.offer())
            assert answer.status_code == 200  # and the answer is never taken


class TestComingBack:
    async def test_the_same_person_goes_on_over_another_connection(self) -> None:
        lines = ("Yes it is.",) * 6  # on a busy machine a question may be heard as two
        async with server(agents(*lines)) as (client, launcher), page(client, "back") as person:
            session_id = await joined(client, person)
            peer_id = person.peer_id
            person.say("is it sunny")
            await person.until_shown("transcript", role="agent", text="Yes it is.", final=True)
            used = person.resume_token
            await person.resume()
            await person.until_shown("hello", session_id=session_id)
            assert person.shown("transcript", role="agent", text="Yes it is.")  # shown again: it may be lost
            lines_so_far = len(person.shown("transcript", role="agent", final=True))
            person.say("are you sure")
            await person.until(
                lambda: len(person.shown("transcript", role="agent", final=True)) > lines_so_far
            )

            assert person.peer_id == peer_id
            assert len(await sessions(launcher, "back")) == 1
            again = await person.post("resume", used, type="offer", sdp=await person.browser.offer())
            assert problem(again)[0] == 401

    async def test_a_token_of_another_stay_is_refused(self) -> None:
        async with (
            server() as (client, _),
            page(client, "stay") as person,
            page(client, "stay") as other,
        ):
            session_id = await joined(client, person)
            await client.delete(f"/calls/stay/sessions/{session_id}")
            await person.until_shown("end")
            await until_gone(client, "stay", session_id)
            await started(client, "stay")
            await soon(lambda: signalling().rendezvous.find("stay"))
            offer = await other.browser.offer()
            answer = await person.post("resume", person.resume_token, type="offer", sdp=offer)
            assert problem(answer)[0] == 409


async def sessions(launcher: AgentLauncher, call_id: str) -> list[object]:
    return list(await launcher.list_sessions(call_id))


def test_every_route_takes_ids_and_descriptions_and_nothing_else() -> None:
    """T68: no route has a place for a path or an address of media."""
    from vision_agents.core.runner.http.app import build_app
    from vision_agents.core.runner.http.edge_routes import add_routes
    from vision_agents.core.runner.options import ServeOptions
    from vision_agents.plugins.webrtc.edge import Edge

    app = build_app(new_launcher(), ServeOptions())
    add_routes(app, Edge.http_routes())
    schema = app.openapi()
    names = {
        parameter["name"]
        for path in schema["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", [])
    }
    fields = {
        name for model in schema["components"]["schemas"].values() for name in model.get("properties", {})
    }
    assert not [name for name in names | fields if any(w in name for w in ("path", "url", "file", "track"))]


async def test_what_a_client_says_of_media_is_not_heard() -> None:
    """T68: nor does any route take what it has no place for."""
    told = {"video_track_override": "/etc/passwd", "video_track_override_path": "http://127.0.0.1/x"}
    async with server() as (client, launcher):
        answer = await client.post("/calls/quiet/sessions?video_track_override=/etc/passwd", json=told)
        session = launcher.get_session(answer.json()["session_id"])
        assert session is not None
        assert "/etc/passwd" not in str(vars(session.agent))
        token = await client.post("/calls/quiet/join-token", json={"user_name": "Ann", **told})
        assert set(token.json()) == {"token", "expires_at", "ice_servers"}


@pytest.mark.slow
async def test_two_hundred_calls_leave_nothing() -> None:
    """Half of the pages close without a word; the fixtures look for tasks, threads and sockets."""
    async with server() as (client, launcher):
        for number in range(200):
            async with page(client, f"call-{number}") as person:
                session_id = await joined(client, person)
                if number % 2:
                    person.send(type="leave")
            await client.delete(f"/calls/call-{number}/sessions/{session_id}")
            await until_gone(client, f"call-{number}", session_id)
            assert signalling().rendezvous.find(f"call-{number}") is None
        assert await launcher.list_sessions() == []
        gc.collect()
        assert [kept for kept in gc.get_objects() if isinstance(kept, Peer | Meeting)] == []
