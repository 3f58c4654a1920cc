"""The Chromium of the machine, with a page that beeps and listens for its echo."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

from playwright.async_api import Page, async_playwright

PAGE = Path(__file__).with_name("beep.html")
URL = "http://localhost/beep.html"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.asynccontextmanager
async def page() -> AsyncGenerator[Page]:
    """Open the page; nothing is fetched from anywhere."""
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=chromium(), headless=True, args=list(FLAGS)
            )
            opened = await context.new_page()
            await opened.route("**/*", lambda route: route.fulfill(path=PAGE, content_type="text/html"))
            await opened.goto(URL)
            try:
                yield opened
            finally:
                await context.close()
