"""The page without a mouse, without sight, and in low light: keys, names, focus and contrast."""

from __future__ import annotations

from playwright.async_api import Page, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, phase
from tests.browser.conftest import Shoot
from tests.browser.fake_agent import FakeAgent
from tests.browser.test_page import CONVERSATION

FOCUSED = """() => {
  const { activeElement: it } = document;
  const look = getComputedStyle(it);
  const inner = getComputedStyle(it.querySelector('svg') ?? it);
  const seen = [look, inner].some((style) => style.outlineStyle !== 'none' && style.outlineWidth !== '0px');
  return { id: it === document.body ? '' : it.id || it.textContent, seen };
}"""

# Every piece of text that can be seen, with its contrast to the colour behind it (WCAG 2).
POOR_CONTRAST = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const shown = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: owner, textContent } = walker.currentNode;
    const shows = textContent.trim() && owner.checkVisibility({ checkOpacity: true });
    if (!shows || owner.closest(':disabled, #said')) continue;
    const behind = [];
    for (let at = owner; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const back = shown(behind);
    const [a, b] = [luminance(shown([`rgb(${back})`, getComputedStyle(owner).color])), luminance(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


async def reached_with_tab(page: Page, most: int = 60) -> list[str]:
    """Press Tab until it begins again; what had the focus, each with a visible sign of it."""
    reached: list[str] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(FOCUSED)
        if focused["id"] in reached:
            break
        if not focused["id"]:  # between the last and the first is the browser itself
            continue
        assert focused["seen"], f"{focused['id']} shows no focus"
        reached.append(focused["id"])
    return reached


async def nameless(page: Page) -> list[str]:
    """The controls that a screen reader could not name."""
    return await page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [role=meter], [role=tab], video')]
          .filter((it) => it.checkVisibility())
          .filter((it) => !(it.ariaLabel || it.getAttribute('aria-labelledby') || it.labels?.length
            || it.textContent.trim() || it.closest('figure')))
          .map((it) => it.outerHTML)"""
    )


async def the_switch_of_colours_is_kept(page: Page) -> None:
    """From dark, as the system has it, to light, as the person wants it, and back."""
    background = "getComputedStyle(document.body).backgroundColor"
    dark = await page.evaluate(background)
    await page.click("#theme")
    await page.click("#theme")
    await expect(page.locator("#theme")).to_have_attribute("aria-label", "Colours: light")
    light = await page.evaluate(background)
    await page.reload()
    assert await page.evaluate(background) == light != dark
    await page.click("#theme")
    assert await page.evaluate(background) == dark
    await page.reload()  # and nothing has the focus


async def test_everything_is_reached_named_and_readable(agent: FakeAgent, shoot: Shoot) -> None:
    async with browser(DEVICES, ALLOWED, color_scheme="dark", reduced_motion="reduce") as context:
        page = context.pages[0]
        await page.goto(f"{agent.origin}/demo/#call=keys")
        await the_switch_of_colours_is_kept(page)
        assert await reached_with_tab(page) == [
            "copy-link", "theme", "help", "call-id", "user-name", "start", "start-quiet", "show-key",
            "tab-talk", "transcript",
        ]  # fmt: skip
        assert await nameless(page) == []
        assert await page.evaluate(POOR_CONTRAST) == []

        await page.focus("#call-id")
        await page.keyboard.press("Enter")
        await phase(page, "live")
        agent.tell(*CONVERSATION)
        await expect(page.locator("#transcript li")).to_have_count(7)
        assert await reached_with_tab(page) == [
            "camera", "share", "keys", "interrupt", "devices", "end", "tab-talk", "transcript", "message",
            "send", "copy-link", "theme", "help", "mute",
        ]  # fmt: skip
        assert await nameless(page) == []
        for tab in ("turns", "events", "link", "talk"):
            await page.focus("[role=tab][aria-selected=true]")
            await page.keyboard.press("ArrowRight")
            await expect(page.locator(f"#{tab}")).to_be_visible()
            for theme in ("light", "dark"):
                await page.emulate_media(color_scheme=theme)
                assert await page.evaluate(POOR_CONTRAST) == [], f"{tab} {theme}"
