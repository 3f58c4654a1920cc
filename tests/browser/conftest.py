"""What the browser's tests share: where the screenshots go, and peers that meet on 127.0.0.1."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aioice.ice
import pytest
from playwright.async_api import Page
from tests.browser.fake_agent import FakeAgent
from tests.browser.serving import serving

Shoot = Callable[[Page, str], Awaitable[None]]


@pytest.fixture
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Shoot:
    """Take a screenshot; all of a run are in one folder, `VISION_AGENTS_SCREENSHOTS` where that is set."""
    named = os.environ.get("VISION_AGENTS_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.getbasetemp() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)

    async def take(page: Page, name: str) -> None:
        await page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeAgent]:
    """Give an agent by a script; `agent.origin` is where its page is."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    made = FakeAgent()
    async with serving(made.app()) as made.origin:
        yield made
        await made.close()
