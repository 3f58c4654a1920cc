"""What the browser's tests share: where the screenshots go, and peers that meet on 127.0.0.1."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import aioice.ice
import pytest
from playwright.async_api import Page
from tests.browser.chromium import screenshots
from tests.browser.fake_agent import FakeAgent
from tests.browser.serving import serving

Shoot = Callable[[Page, str], Awaitable[None]]


@pytest.fixture
def shoot() -> Shoot:
    """Take a screenshot, for a person to look at."""

    async def take(page: Page, name: str) -> None:
        await page.screenshot(path=screenshots() / f"{name}.png", animations="disabled")

    return take


def _loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeAgent]:
    """Give an agent by a script; `agent.origin` is where its page is."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", _loopback)
    made = FakeAgent()
    async with serving(made.app()) as made.origin:
        yield made
        await made.close()
