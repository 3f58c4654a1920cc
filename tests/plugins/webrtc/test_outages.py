"""The network goes, or the browser does: the call goes on, or ends with a reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from tests.core.runner.http.parts import started, until_gone
from tests.plugins.webrtc.media.browser import Browser
from tests.plugins.webrtc.parts import Page, new_edge, scripted_agent, server, soon

from vision_agents.testing.udp_proxy import NetworkConditions, UdpProxy

LINES = ("Yes it is.",) * 6
"""One for each turn: on a busy machine a question may be heard as two."""


class FarPage(Page):
    """A page that reaches the server through a proxy only."""

    def __init__(self, client: httpx.AsyncClient, call_id: str, proxy: UdpProxy) -> None:
        super().__init__(client, call_id)
        self.proxy = proxy

    async def join(self) -> None:
        token = await self.token()
        await self._through(lambda sdp: self.post("offer", token, type="offer", sdp=sdp))

    async def resume(self, proxy: UdpProxy | None = None) -> None:
        self._gone.append(self.browser)
        self.browser, self.proxy = Browser(), proxy or self.proxy
        await self._through(lambda sdp: self.post("resume", self.resume_token, type="offer", sdp=sdp))

    async def _through(self, send: Callable[[str], Awaitable[httpx.Response]]) -> None:
        answer = await send(self.proxy.rewrite_offer(await self.browser.offer()))
        assert answer.status_code == 200, answer.text
        content = answer.json()
        self.peer_id, self.resume_token = content["peer_id"], content["resume_token"]
        await self.browser.take(self.proxy.rewrite_answer(content["sdp"]))
        await self.browser.until(lambda: self.browser.channel.readyState == "open")


async def answered(person: Page, question: str) -> None:
    """Ask, and wait for an answer that was heard."""
    before = len(person.shown("transcript", role="agent", final=True))
    person.say(question)
    await person.until(lambda: len(person.shown("transcript", role="agent", final=True)) > before)
    assert person.shown("transcript", role="user", final=True)


def proxy() -> UdpProxy:
    return UdpProxy(NetworkConditions())


async def test_five_seconds_without_a_network_and_the_conversation_goes_on() -> None:
    async with server(lambda: scripted_agent(LINES)) as (client, launcher), proxy() as network:
        person = FarPage(client, "drop", network)
        try:
            session_id = await started(client, "drop")
            await person.join()
            await answered(person, "is it sunny")
            network.cut()
            await asyncio.sleep(5)
            network.restore()
            back = time.monotonic()
            await asyncio.sleep(0.3)
            await answered(person, "are you sure")

            assert time.monotonic() - back < 10
            (info,) = await launcher.list_sessions("drop")
            assert info.session_id == session_id
        finally:
            await person.close()


async def test_a_longer_outage_is_told_and_the_person_comes_back_over_another_connection() -> None:
    def agent():
        return scripted_agent(LINES, edge=new_edge(interrupted_after=3))

    async with server(agent) as (client, launcher), proxy() as first, proxy() as second:
        person = FarPage(client, "return", first)
        try:
            session_id = await started(client, "return")
            session = launcher.get_session(session_id)
            assert session is not None
            states: list[str] = []
            for name in ("reconnecting", "reconnected", "left"):
                session.on(f"plugin.edge.participant_{name}", lambda _, name=name: states.append(name))
            await person.join()
            await answered(person, "is it sunny")
            first.cut()
            cut = time.monotonic()
            await soon(lambda: states == ["reconnecting"], within=10)
            assert time.monotonic() - cut < 10
            (about,) = session.connection.participants_data.values()
            assert about["state"] == "reconnecting"
            session.say("Are you there?")  # for nobody: but the page shows it later
            await person.resume(second)
            await person.until_shown("transcript", text="Are you there?")
            await person.until_shown("hello", session_id=session_id)
            assert states == ["reconnecting", "reconnected"]
            await asyncio.sleep(0.3)
            await answered(person, "are you sure")
            assert len(await launcher.list_sessions("return")) == 1
        finally:
            await person.close()


async def test_a_browser_that_was_killed_has_left_and_the_session_ends_with_a_reason() -> None:
    def agent():
        return scripted_agent(edge=new_edge(interrupted_after=3, resume_window=0.5))

    settings = {"agent_idle_timeout": 0.5, "maintenance_interval": 0.1}
    async with server(agent, launcher=settings) as (client, _), proxy() as network:
        person = FarPage(client, "killed", network)
        try:
            session_id = await started(client, "killed")
            await person.join()
            network.cut()  # not a word of goodbye
            gone = await asyncio.wait_for(until_gone(client, "killed", session_id), 12)
            assert gone.json()["reason"] == "idle_timeout"
        finally:
            await person.close()


@pytest.mark.slow
async def test_with_default_settings_a_silent_browser_is_missed_within_ten_seconds() -> None:
    async with server() as (client, launcher), proxy() as network:
        person = FarPage(client, "slow", network)
        try:
            session = launcher.get_session(await started(client, "slow"))
            assert session is not None
            states: list[tuple[str, float]] = []
            for name in ("reconnecting", "left"):
                session.on(
                    f"plugin.edge.participant_{name}",
                    lambda _, name=name: states.append((name, time.monotonic())),
                )
            await person.join()
            network.cut()
            cut = time.monotonic()
            await soon(lambda: len(states) == 2, within=40)
            (_, missed), (_, left) = states
            assert missed - cut < 10
            assert 14.5 < left - missed < 16
        finally:
            await person.close()
