"""Page and agent together: the real edge, the real application, scripted models, recordings as microphone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, kill, microphone, phase
from tests.browser.conftest import Shoot
from tests.browser.ears import SCRIPT, Ears
from tests.browser.serving import serving
from tests.browser.wav import write_wav
from tests.plugins.webrtc.parts import new_edge, scripted_agent, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.events.plugin import ParticipantLeftEvent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.types.status import Reason
from vision_agents.testing.scripted import Calls, Says
from vision_agents.testing.tone_speech import mumble, speak
from vision_agents.testing.udp_proxy import NetworkConditions, UdpProxy

RATE = 48_000
LONG = "one two three four five six seven eight nine ten " * 12
DECISION_MS, FADE_MS, FRAME_MS, BARGE_IN_MS = 100, 40, 20, 1000


@asynccontextmanager
async def serving_agents(
    create: Callable[[], Agent], **settings: Any
) -> AsyncGenerator[tuple[str, AgentLauncher]]:
    async def create_agent() -> Agent:
        return create()

    launcher = AgentLauncher(create_agent, stay, **settings)
    async with serving(build_app(launcher, ServeOptions())) as origin:
        yield origin, launcher


@asynccontextmanager
async def person(origin: str, *switches: str, **context: Any) -> AsyncGenerator[tuple[Page, Ears]]:
    """A page in a call, without a microphone so far: "Unmute" opens it, and its recording begins."""
    async with browser(DEVICES, ALLOWED, *switches, **context) as running:
        page = running.pages[0]
        await page.add_init_script(SCRIPT)
        await page.goto(f"{origin}/demo/#call=lunch")
        await page.click("#start-quiet")
        await phase(page, "live")
        ears = Ears(page)
        await ears.open()
        yield page, ears


def spoken(folder: Path, *pieces: tuple[str, float]) -> str:
    """A recording of texts, each with so many seconds of silence after it; the switch that plays it."""
    samples = np.concatenate([speak(text, sample_rate=RATE, pause=pause).samples for text, pause in pieces])
    return microphone(write_wav(folder / "microphone.wav", samples, RATE))


def weather_agent() -> Agent:
    agent = scripted_agent(
        [
            Calls(tool="get_weather", arguments={"location": "Paris"}, to="weather in paris"),
            Says(text="It is sunny in Paris.", to="sunny"),
            Calls(tool="get_weather", arguments={"location": "Tokyo"}, to="and in tokyo"),
            Says(text="It is sunny in Tokyo too.", to="sunny"),
        ]
    )

    @agent.llm.register_function(description="Get the weather")
    async def get_weather(location: str) -> str:
        return f"sunny in {location}"

    return agent


async def test_two_spoken_questions_are_answered_aloud(tmp_path: Path, shoot: Shoot) -> None:
    words = spoken(tmp_path, ("weather in paris", 4.0), ("and in tokyo", 1.0))
    async with serving_agents(weather_agent) as (origin, _), person(origin, words) as (page, ears):
        before = await ears.now()
        await page.click("#mute")
        for answer in ("It is sunny in Paris.", "It is sunny in Tokyo too."):
            await ears.agent_speaks(before)
            before = await ears.agent_silent(600)
            line = page.locator("#transcript .agent", has_text=answer)
            await expect(line).to_contain_text("to answer", timeout=15_000)
            await expect(line.locator(".bar i").first).to_be_visible()
        lines = page.locator("#transcript li")
        await expect(lines).to_have_count(6)
        await expect(lines.nth(0)).to_have_text("Youweather in paris")
        await expect(lines.nth(1)).to_contain_text('get_weather(location: "Paris")done')
        await expect(lines.nth(3)).to_have_text("Youand in tokyo")
        await shoot(page, "call-scripted")


def talking_agent() -> Agent:
    return scripted_agent(
        [Says(text=LONG, to="tell"), Says(text="Yes?", to=""), Says(text="Yes again?", to="")]
    )


async def asked_to_talk(page: Page, ears: Ears) -> None:
    """Write a question whose answer is long, and wait until the answer is heard."""
    before = await ears.now()
    await page.fill("#message", "tell me something")
    await page.keyboard.press("Enter")
    await ears.agent_speaks(before)
    await expect(page.locator("#state")).to_have_text("Speaking")


NOTE_THE_CLICK = """document.getElementById('interrupt').addEventListener(
  'click', () => { window.clicked = performance.now(); }
)"""


async def test_the_button_silences_the_agent_at_once(shoot: Shoot) -> None:
    async with serving_agents(talking_agent) as (origin, _), person(origin) as (page, ears):
        await asked_to_talk(page, ears)
        await page.evaluate(NOTE_THE_CLICK)
        await page.click("#interrupt")
        silent = await ears.agent_silent()
        took = silent - await page.evaluate("window.clicked")
        playout = await ears.playout_ms()
        print(f"interrupt button to silence in the page: {took:.0f} ms, of which playout {playout:.0f} ms")
        await expect(page.locator(".cut")).to_have_text("interrupted")
        await expect(page.locator("#state")).to_have_text("Listening")
        await shoot(page, "interrupted-by-button")
        assert took <= DECISION_MS + FADE_MS + FRAME_MS + playout


async def test_a_voice_silences_the_agent(tmp_path: Path) -> None:
    # A voice without a gap, as long as people's first words are, and then something to understand.
    words = speak("stop please", sample_rate=RATE, pause=0.5).samples
    samples = np.concatenate([mumble(1.2, sample_rate=RATE).samples, words])
    voice = microphone(write_wav(tmp_path / "voice.wav", samples, RATE))
    async with serving_agents(talking_agent) as (origin, _), person(origin, voice) as (page, ears):
        await asked_to_talk(page, ears)
        await page.click("#mute")
        spoke = await page.evaluate("(async () => new Ear(await window.opened).sound(1))()")
        silent = await ears.agent_silent()
        playout = await ears.playout_ms()
        took = silent - spoke
        print(f"first voice to silence in the page: {took:.0f} ms, of which playout {playout:.0f} ms")
        assert 0 < took <= BARGE_IN_MS + FRAME_MS + playout
        await expect(page.locator(".cut")).to_have_text("interrupted")


async def test_words_and_keys_reach_the_agent(shoot: Shoot) -> None:
    def agent() -> Agent:
        return scripted_agent([Says(text="It is noon.", to="what time is it")])

    async with serving_agents(agent) as (origin, launcher), person(origin) as (page, ears):
        before = await ears.now()
        await page.fill("#message", "what time is it")
        await page.keyboard.press("Enter")
        await ears.agent_speaks(before)
        lines = page.locator("#transcript li")
        await expect(lines).to_have_count(2)
        await expect(lines.nth(0)).to_have_text("Youwhat time is it")
        await expect(lines.nth(1)).to_contain_text("It is noon.")
        await page.click("#keys")
        await page.keyboard.press("7")
        await page.click("#tab-events")
        await expect(page.locator("#log")).to_contain_text("dtmf_received")
        await expect(page.locator("#log")).to_contain_text("digit=7")
        (session,) = await launcher.list_sessions("lunch")
        await launcher.close_session(session.session_id)
        await phase(page, "ended")
        await expect(page.locator("#lobby-text")).to_contain_text("requested")


async def test_who_ends_the_call_has_left_at_once() -> None:
    agents: list[Agent] = []

    def agent() -> Agent:
        agents.append(scripted_agent([]))
        return agents[-1]

    left = asyncio.Event()
    async with serving_agents(agent) as (origin, _), person(origin) as (page, _):
        agents[-1].events.on(ParticipantLeftEvent, lambda _: left.set())
        await page.click("#end")
        async with asyncio.timeout(1.5):  # a connection that only closes may still come back: 2 s
            await left.wait()


# The phases of the call, each once.
PHASES = """
window.phases = [];
document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  const { phase } = document.body.dataset;
  if (phase !== window.phases.at(-1)) window.phases.push(phase);
}).observe(document.body, { attributes: true }));
"""


class Network:
    """The way between a page and the server; it can be cut, for packets and for requests."""

    def __init__(self) -> None:
        self.proxies: list[UdpProxy] = []
        self.down = False
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def watch(self, page: Page) -> None:
        await page.route("**/offer", self._describe)
        await page.route("**/resume", self._describe)

    def cut(self) -> None:
        self.down = True
        for proxy in self.proxies:
            proxy.cut()

    def restore(self) -> None:
        self.down = False
        for proxy in self.proxies:
            proxy.restore()

    async def _describe(self, route: Route) -> None:
        if self.down:
            await route.abort("internetdisconnected")
            return
        proxy = await self._open.enter_async_context(UdpProxy(NetworkConditions()))
        self.proxies.append(proxy)
        offer = json.loads(route.request.post_data or "")
        offer["sdp"] = proxy.rewrite_offer(offer["sdp"])
        response = await route.fetch(post_data=json.dumps(offer))
        answer = await response.json()
        if response.ok:
            answer["sdp"] = proxy.rewrite_answer(answer["sdp"])
        await route.fulfill(response=response, json=answer)


@pytest.mark.slow
@pytest.mark.parametrize("outage", [5, 10])
async def test_a_network_that_was_away_for_seconds(shoot: Shoot, outage: int) -> None:
    def agent() -> Agent:
        return scripted_agent([Says(text="First answer.", to="one"), Says(text="Second answer.", to="two")])

    async with Network() as network, serving_agents(agent) as (origin, launcher), browser() as context:
        page = context.pages[0]
        await page.add_init_script(SCRIPT)
        await page.add_init_script(PHASES)
        await network.watch(page)
        await page.goto(f"{origin}/demo/#call=lunch")
        await page.click("#start-quiet")
        await phase(page, "live")
        await page.fill("#message", "one")
        await page.keyboard.press("Enter")
        await expect(page.locator("#transcript")).to_contain_text("First answer.")
        session = await launcher.list_sessions("lunch")

        network.cut()
        await asyncio.sleep(outage)
        await shoot(page, f"network-away-{outage}-s")
        network.restore()
        await phase(page, "live", 20_000)
        phases = await page.evaluate("window.phases.join(' ')")
        print(f"phases of a call whose network was away for {outage} s: {phases}")
        ears = Ears(page)
        await ears.open()
        before = await ears.now()
        await page.fill("#message", "two")
        await page.keyboard.press("Enter")
        await ears.agent_speaks(before)
        await expect(page.locator("#transcript")).to_contain_text("First answer.")
        await expect(page.locator("#transcript")).to_contain_text("Second answer.")
        same = await launcher.list_sessions("lunch")
        assert len(same) == 1
        assert [info.session_id for info in same] == [info.session_id for info in session]


async def reason_of_the_end(launcher: AgentLauncher, session_id: str) -> Reason | None:
    """Wait until a session has ended; why."""
    while not (info := await launcher.ended_session("lunch", session_id)):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return info.reason


@pytest.mark.slow
async def test_a_browser_that_is_killed_ends_the_session_with_a_reason() -> None:
    window, idle, noticed, spare = 3.0, 2.0, 10.0, 5.0

    def agent() -> Agent:
        return scripted_agent([], edge=new_edge(resume_window=window))

    limits = {"agent_idle_timeout": idle, "maintenance_interval": 0.5}
    async with serving_agents(agent, **limits) as (origin, launcher):
        with suppress(PlaywrightError):  # a browser that is gone cannot be closed
            async with person(origin) as (page, _):
                (session,) = await launcher.list_sessions("lunch")
                kill(page)
                loop = asyncio.get_running_loop()
                killed = loop.time()
                async with asyncio.timeout(noticed + window + idle + spare):
                    reason = await reason_of_the_end(launcher, session.session_id)
                print(f"killed browser: session ended {reason} after {loop.time() - killed:.1f} s")
                assert reason is Reason.IDLE_TIMEOUT
