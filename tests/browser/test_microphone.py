"""No microphone, in all its ways: within a second the page says why, and one can listen and write."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, phase
from tests.browser.conftest import Shoot
from tests.browser.fake_agent import FakeAgent

WITHIN_MS = 1000
LISTEN_ONLY = "You can listen and write; the agent cannot hear you."

# From the moment something happens to the first text about it, as the page's own clock tells.
WATCH = """() => {
  const notices = document.getElementById('notices');
  window.told = new Promise((resolve) => new MutationObserver(() => resolve(performance.now())).observe(
    notices, { childList: true }));
}"""
REFUSED = """
  const media = navigator.mediaDevices;
  const asked = media.getUserMedia.bind(media);
  media.getUserMedia = (constraints) => (%s ? asked(constraints) : Promise.reject(0)).catch((error) => {
    window.refused = performance.now();
    throw %s ?? error;
  });
"""


def watched(instead: str = "null") -> str:
    """Note when the browser refuses; `instead` refuses in its place, with another error."""
    return REFUSED % ("true" if instead == "null" else "false", instead)


async def told_in_time(page: Page, since: str) -> None:
    assert await page.evaluate(f"window.told.then((told) => told - {since})") < WITHIN_MS


async def still_useful(page: Page, agent: FakeAgent) -> None:
    """The agent is heard, and can be written to."""
    await phase(page, "live")
    agent.tone.sounding = True
    await page.wait_for_function("() => document.getElementById('agent-level').ariaValueNow > 20")
    await page.fill("#message", "can you hear me")
    await page.keyboard.press("Enter")
    assert (await agent.until("text"))["text"] == "can you hear me"
    await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")


async def opened(context: BrowserContext, url: str, script: str) -> Page:
    page = context.pages[0]
    await page.add_init_script(script)
    await page.goto(url)
    await page.evaluate(WATCH)
    return page


@pytest.mark.parametrize(
    ("name", "switches", "script", "text"),
    [
        ("denied", (DEVICES, "--deny-permission-prompts"), watched(), "blocked for this page"),
        (
            "dismissed",
            (DEVICES, ALLOWED),
            watched("new DOMException('Permission dismissed', 'NotAllowedError')"),
            "was closed",
        ),
        ("missing", (ALLOWED,), watched(), "No microphone was found"),
        pytest.param(
            "busy",
            (DEVICES, ALLOWED),
            watched("new DOMException('Could not start audio source', 'NotReadableError')"),
            "cannot be opened",
            marks=pytest.mark.slow,
        ),
    ],
)
async def test_a_microphone_that_cannot_be_had(
    agent: FakeAgent, shoot: Shoot, *, name: str, switches: tuple[str, ...], script: str, text: str
) -> None:
    async with browser(*switches, color_scheme="dark" if name == "denied" else "light") as context:
        page = await opened(context, f"{agent.origin}/demo/#call=deaf", script)
        await page.click("#start")
        await expect(page.locator("#notices")).to_contain_text(text)
        await expect(page.locator("#notices")).to_contain_text(LISTEN_ONLY)
        await told_in_time(page, "window.refused")
        await still_useful(page, agent)
        await shoot(page, f"microphone-{name}")


async def test_a_microphone_that_is_lost_in_the_call(agent: FakeAgent, shoot: Shoot) -> None:
    async with browser(DEVICES, ALLOWED) as context:
        page = await opened(context, f"{agent.origin}/demo/#call=lost", "")
        await page.click("#start")
        await phase(page, "live")
        await page.wait_for_function("() => document.getElementById('you-level').ariaValueNow > 20")
        await page.evaluate("window.taken = performance.now()")
        tools = await context.new_cdp_session(page)  # to take the permission away ends the track
        permission: dict[str, object] = {"permission": {"name": "microphone"}, "origin": agent.origin}
        permission["setting"] = "denied"
        await tools.send("Browser.setPermission", permission)  # pyright: ignore[reportUnknownMemberType]
        await expect(page.locator("#notices")).to_contain_text("The microphone was lost")
        await told_in_time(page, "window.taken")
        await still_useful(page, agent)
        await shoot(page, "microphone-lost")

        permission["setting"] = "granted"
        await tools.send("Browser.setPermission", permission)  # pyright: ignore[reportUnknownMemberType]
        await page.click("#notices .act")
        await expect(page.locator("#notices")).to_be_empty()
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "false")
        await page.wait_for_function("() => document.getElementById('you-level').ariaValueNow > 20")


async def test_an_insecure_address(agent: FakeAgent, shoot: Shoot) -> None:
    port = urlsplit(agent.origin).port
    async with browser(DEVICES, ALLOWED, "--host-resolver-rules=MAP agents.test 127.0.0.1") as context:
        page = context.pages[0]
        await page.goto(f"http://agents.test:{port}/demo/#call=plain")
        assert not await page.evaluate("window.isSecureContext")
        insecure = re.compile("insecure address.*https://.*" + LISTEN_ONLY)
        await expect(page.locator("#notices")).to_have_text(insecure, timeout=WITHIN_MS)
        await page.click("#start")
        await still_useful(page, agent)
        await expect(page.locator("#notices")).to_have_text(insecure)
        await shoot(page, "microphone-insecure")
