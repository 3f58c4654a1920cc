"""A Chromium of this machine, headless, with made-up devices, or the reason to skip."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from weakref import WeakKeyDictionary

import psutil
import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)  # fmt: skip
_profiles: WeakKeyDictionary[BrowserContext, str] = WeakKeyDictionary()

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
async def browser(*switches: str, **context: Any) -> AsyncGenerator[BrowserContext]:
    """Start one with a profile of its own; settings of the context as Playwright names them."""
    found = executable()
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        async with async_playwright() as playwright:
            running = await playwright.chromium.launch_persistent_context(
                profile, executable_path=found, headless=True, args=[*QUIET, *switches], **context
            )  # pyright: ignore[reportArgumentType]
            _profiles[running] = profile
            try:
                yield running
            except BaseException:
                await running.pages[0].screenshot(path=screenshots() / f"failed-{running_test()}.png")
                raise
            finally:
                await running.close()


def screenshots() -> Path:
    """The folder of all screenshots: `VISION_AGENTS_SCREENSHOTS`, or one among the temporary files."""
    named = os.environ.get("VISION_AGENTS_SCREENSHOTS")
    folder = Path(named) if named else Path(gettempdir()) / "vision-agents-screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def running_test() -> str:
    """The running test's, as a file name."""
    running = os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[-1].split(" ")[0]
    return re.sub(r"[^a-z0-9]+", "-", running.lower()).strip("-")


def microphone(wav: Path, *, once: bool = True) -> str:
    """The switch that lets a file be the microphone."""
    return f"--use-file-for-fake-audio-capture={wav}{'%noloop' if once else ''}"


async def phase(page: Page, name: str, timeout_ms: float = 20_000) -> None:
    """Wait until the page is in a phase of the call."""
    await page.wait_for_selector(f'body[data-phase="{name}"]', timeout=timeout_ms)


def kill(page: Page) -> None:
    """End the browser of a page as a crash would: no word to anybody."""
    for process in psutil.process_iter(["cmdline"]):
        if f"--user-data-dir={_profiles[page.context]}" in (process.info["cmdline"] or ()):
            process.kill()
