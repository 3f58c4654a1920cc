"""The page in a browser, with the agent's side played by a script: what is shown, and what is sent."""

from __future__ import annotations

import re

import pytest
from aiortc import VideoStreamTrack
from playwright.async_api import Page, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, phase
from tests.browser.conftest import Shoot
from tests.browser.fake_agent import PAGE, FakeAgent, Message

MOST_BYTES = 60_000
SPANS = {
    "speech_end..pause": 210.0,
    "pause..turn_detected": 22.0,
    "turn_detected..transcript_final": 60.0,
    "transcript_final..end_of_turn": 1.0,
    "end_of_turn..tool_called": 180.0,
    "tool_called..tool_done": 3.0,
    "tool_done..llm_first_token": 190.0,
    "llm_first_token..first_sentence": 70.0,
    "first_sentence..tts_first_audio": 64.0,
    "tts_first_audio..first_audio_played": 12.0,
}
ANSWER = "The weather in Paris is sunny and seventy two degrees."


def said(role: str, line: str, text: str, *, final: bool = True, **more: object) -> Message:
    return {"type": "transcript", "role": role, "id": line, "text": text, "final": final, **more}


def tool(phase_: str, **more: object) -> Message:
    return {"type": "tool", "phase": phase_, "id": "c1", "name": "get_weather", **more}


CONVERSATION = (
    said("agent", "u0", "Hello! How can I help you today?"),
    said("user", "t1", "What is the", final=False),
    said("user", "t1", "What is the weather in Paris?"),
    tool("start", arguments={"location": "Paris"}),
    tool("end", ok=True, duration_ms=3.2),
    said("agent", "u1", ANSWER),
    {"type": "turn", "turn_id": "u1", "response_delay_ms": 812.0, "spans_ms": SPANS},
    said("user", "t2", "And what about Tokyo?"),
    said("agent", "u2", "In Tokyo it is raining,", interrupted=True, unheard="with a little wind."),
    {"type": "log", "event": "interruption", "cause": "speech"},
    said("user", "t3", "Stop, I only want to know", final=False),
    {"type": "agent_state", "state": "speaking", "old_state": "thinking"},
)


async def called(page: Page, agent: FakeAgent, call_id: str = "morning-call") -> None:
    """Open the page, and start a call."""
    await page.goto(f"{agent.origin}/demo/#call={call_id}")
    await page.click("#start")
    await phase(page, "live")


async def test_a_conversation_is_shown_as_it_happens(agent: FakeAgent, shoot: Shoot) -> None:
    async with browser(DEVICES, ALLOWED, color_scheme="dark") as context:
        page = context.pages[0]
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        await called(page, agent)
        agent.tell(*CONVERSATION)
        agent.tone.sounding = True

        lines = page.locator("#transcript li")
        await expect(lines).to_have_count(7)
        await expect(lines.nth(0)).to_have_text("AdaHello! How can I help you today?")
        await expect(lines.nth(1)).to_have_text("YouWhat is the weather in Paris?")
        await expect(lines.nth(2)).to_have_text('get_weather(location: "Paris")done in 3 ms')
        await expect(lines.nth(3)).to_contain_text("0.81 s to answer")
        await expect(lines.nth(3).locator(".bar i")).to_have_count(5)
        await expect(lines.nth(5).locator("s")).to_have_text("with a little wind.")
        await expect(lines.nth(5).locator(".cut")).to_have_text("interrupted")
        await expect(lines.nth(6)).to_have_class(re.compile("partial"))
        await expect(page.locator("#said")).to_have_text("Ada: In Tokyo it is raining,")
        await expect(page.locator("#state")).to_have_text("Speaking")
        for side in ("you", "agent"):  # the fake microphone beeps, the agent's tone is on
            await page.wait_for_function(f"() => document.getElementById('{side}-level').ariaValueNow > 20")
        await shoot(page, "conversation-dark")
        await page.emulate_media(color_scheme="light")
        await shoot(page, "conversation-light")
        await page.set_viewport_size({"width": 360, "height": 740})
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await shoot(page, "conversation-phone")

        await page.emulate_media(reduced_motion="reduce")
        assert await page.evaluate("document.getAnimations().length") == 0
        assert not complaints


async def test_panels_tell_of_latency_events_and_the_connection_and_nobody_else_is_asked(
    agent: FakeAgent, shoot: Shoot
) -> None:
    async with browser(DEVICES, ALLOWED, color_scheme="light") as context:
        page = context.pages[0]
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await called(page, agent)
        agent.tell(*CONVERSATION)
        await page.click("#tab-turns")
        await expect(page.locator("#turns .facts")).to_have_text("Last0.81 sMedian0.81 sTurns1")
        await expect(page.locator("#turns .key")).to_contain_text("Thinking 440 ms")
        await shoot(page, "latency")
        await page.click("#tab-events")
        await expect(page.locator("#log")).to_contain_text("interruption cause=speech")
        await expect(page.locator("#log")).to_contain_text("get_weather")
        await shoot(page, "events")
        await page.click("#tab-link")
        stats = page.locator("#stats")
        for name in ("ICE", "Round trip", "Loss in", "Loss out", "Jitter in", "Codec", "Event channel"):
            fact = stats.locator("div", has=page.get_by_text(name, exact=True)).locator("dd")
            await expect(fact).not_to_have_text("–", timeout=15_000)
        await expect(stats).to_contain_text("opus 48 kHz")
        await expect(stats).to_contain_text("morning-call")
        await shoot(page, "connection")

        assert asked
        assert [url for url in asked if not url.startswith(f"{agent.origin}/")] == []
        assert not [url for url in asked if "joining" in url or "resuming" in url]


def test_the_page_is_light() -> None:
    assert sum(file.stat().st_size for file in PAGE.iterdir()) < MOST_BYTES


async def test_a_person_writes_interrupts_presses_keys_shows_and_leaves(
    agent: FakeAgent, shoot: Shoot
) -> None:
    async with browser(DEVICES, ALLOWED) as context:
        page = context.pages[0]
        await called(page, agent)
        await page.keyboard.press("t")
        await page.keyboard.type("hello there")
        await page.keyboard.press("Enter")
        assert (await agent.until("text"))["text"] == "hello there"
        agent.tell(said("user", "t1", "hello there"))
        await expect(page.locator("#transcript .user")).to_have_count(1)

        await page.keyboard.press("Escape")
        await agent.until("interrupt")
        await page.locator("body").click(position={"x": 1, "y": 1})
        await page.keyboard.press("k")
        await page.keyboard.press("5")
        await page.click("#keypad button:has-text('#')")
        await agent.until("digit", 2)
        assert [sent["digit"] for sent in agent.received if sent["type"] == "digit"] == ["5", "#"]
        await page.click("#camera")
        await page.wait_for_function("() => document.getElementById('camera-video').videoWidth > 0")
        await shoot(page, "camera-and-keypad")
        await page.keyboard.press("Escape")
        await expect(page.locator("#keypad")).to_be_hidden()

        await page.keyboard.press("m")
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
        await page.wait_for_function("() => document.getElementById('you-level').ariaValueNow == 0")
        await page.keyboard.press("?")
        await expect(page.locator("#help-dialog")).to_contain_text("Interrupt")
        await shoot(page, "shortcuts")
        await page.keyboard.press("Escape")
        await page.click("#devices")
        await expect(page.locator("#mic-picker option")).not_to_have_count(0)
        await shoot(page, "devices")
        await page.keyboard.press("Escape")
        await page.click("#end")
        await phase(page, "ended")
        await expect(page.locator("#lobby-title")).to_have_text("You left the call")
        await page.wait_for_function("() => !document.getElementById('camera-video').srcObject")


@pytest.mark.slow
async def test_the_agent_is_seen_while_it_shows_itself(agent: FakeAgent, shoot: Shoot) -> None:
    agent.picture = VideoStreamTrack()  # green, 30 a second
    async with browser(DEVICES, ALLOWED) as context:
        page = context.pages[0]
        await called(page, agent)
        await expect(page.locator("#agent-video")).to_be_visible(timeout=15_000)
        await expect(page.locator("#orb")).to_be_hidden()
        await page.click("#camera")
        await page.click("#share")
        for own in ("camera", "screen"):
            await page.wait_for_function(f"() => document.getElementById('{own}-video').videoWidth > 0")
        await shoot(page, "agent-video-and-screen")
        await page.click("#share")
        await expect(page.locator("#screen-tile")).to_be_hidden()
        agent.picture.stop()
        await expect(page.locator("#orb")).to_be_visible(timeout=15_000)


async def test_the_agent_leaves_and_the_page_says_why(agent: FakeAgent, shoot: Shoot) -> None:
    async with browser(DEVICES, ALLOWED, color_scheme="dark") as context:
        page = context.pages[0]
        await page.goto(f"{agent.origin}/demo/")
        await expect(page.locator("#call-id")).to_have_value(re.compile(r"^[a-z0-9_-]{6,}$"))
        await shoot(page, "lobby-dark")
        await page.click("#start-quiet")
        await phase(page, "live")
        await expect(page.locator("#hint")).to_have_text("Write to the agent")
        agent.tell(*CONVERSATION, {"type": "end", "reason": "idle_timeout", "detail": "60 s"})
        await phase(page, "ended")
        await expect(page.locator("#lobby-title")).to_have_text("Ada has left")
        await expect(page.locator("#lobby-text")).to_contain_text("idle_timeout: 60 s")
        await shoot(page, "agent-left")
        await page.keyboard.press("Enter")  # the button has the focus
        await phase(page, "live")


async def test_a_lost_connection_comes_back_by_itself_or_by_a_button(agent: FakeAgent, shoot: Shoot) -> None:
    async with browser(DEVICES, ALLOWED) as context:
        page = context.pages[0]
        await called(page, agent)
        agent.tell(said("agent", "u0", "Hello!"))
        await agent.drop()
        await phase(page, "reconnecting")
        await shoot(page, "reconnecting")
        await phase(page, "live")
        assert [path.rsplit("/", 1)[1] for method, path in agent.requests if method == "POST"] == [
            "sessions", "join-token", "offer", "resume",
        ]  # fmt: skip
        agent.tell(said("agent", "u1", "Where were we?"))
        await expect(page.locator("#transcript li")).to_have_count(2)

        agent.refuse["resume"] = (409, "The call that was to be resumed has ended: join it again.")
        await agent.drop()
        await phase(page, "lost")
        await expect(page.locator("#start")).to_have_text("Reconnect")
        await shoot(page, "lost")
        await page.click("#start")
        await phase(page, "live")


async def test_refusals_are_told_and_a_key_is_kept_in_the_page_only(agent: FakeAgent, shoot: Shoot) -> None:
    agent.api_key = "key-of-the-test"
    agent.refuse["offer"] = (409, "No agent has joined the call.")
    async with browser(DEVICES, ALLOWED, color_scheme="light") as context:
        page = context.pages[0]
        await page.goto(f"{agent.origin}/demo/#call=locked")
        await page.click("#start")
        await expect(page.locator("#notices")).to_contain_text("This server wants an API key")
        await shoot(page, "api-key")
        await page.fill("#api-key", agent.api_key)
        await page.keyboard.press("Enter")
        await expect(page.locator("#notices")).to_contain_text("No agent has joined the call.")
        await phase(page, "lobby")
        await shoot(page, "refused")
        agent.refuse.clear()
        await page.click("#start")
        await phase(page, "live")
        kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
        assert agent.api_key not in kept
