"""A Chromium of this machine, headless, with made-up devices, or the reason to skip."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)  # fmt: skip
DEVICES = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"


def executable() -> str:
    """Find the browser; without one the test is skipped, or fails where a browser is promised."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return found
    if os.environ.get("VISION_AGENTS_REQUIRE_BROWSER") == "1":
        pytest.fail("VISION_AGENTS_REQUIRE_BROWSER=1, and no Chromium is installed.")
    pytest.skip("No Chromium is installed.")


@asynccontextmanager
async def browser(*switches: str, **context: object) -> AsyncIterator[BrowserContext]:
    """Start one with a profile of its own."""
    found = executable()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with async_playwright() as playwright:
            running = await playwright.chromium.launch_persistent_context(
                profile, executable_path=found, headless=True, args=[*QUIET, *switches], **context
            )  # pyright: ignore[reportArgumentType]
            try:
                yield running
            finally:
                await running.close()


def microphone(wav: Path, *, once: bool = True) -> str:
    """The switch that lets a file be the microphone."""
    return f"--use-file-for-fake-audio-capture={wav}{'%noloop' if once else ''}"


async def phase(page: Page, name: str, timeout_ms: float = 20_000) -> None:
    """Wait until the page is in a phase of the call."""
    await page.wait_for_selector(f'body[data-phase="{name}"]', timeout=timeout_ms)
