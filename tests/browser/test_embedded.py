"""The example as its user runs it, in a browser: the embedded models hear a recording and answer aloud."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, microphone, phase
from tests.browser.conftest import Shoot
from tests.browser.ears import SCRIPT, Ears
from tests.browser.wav import write_wav

from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.pcm import Samples
from vision_agents.plugins.embedded.weights.store import default_models, obtain

ROOT = Path(__file__).parents[2]
RATE, READY_S, ANSWER_MS = 16_000, 90, 60_000


@asynccontextmanager
async def running_example() -> AsyncGenerator[str]:
    """Run it; gives the address that it tells."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "examples/assistant.py", "run", "--no-demo", "--no-splash", "--call-id", "weather",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            async for line in process.stdout:
                if found := re.search(r"http://\S+/demo/\S*", line.decode()):
                    break
            else:
                pytest.fail("The example ended without telling the address of its page.")
        yield found.group()
    finally:
        process.terminate()
        await process.communicate()


def questions() -> dict[str, Samples]:
    """The two questions of the example's recording, 16 kHz."""
    pcm = read_audio(ROOT / "examples/audio/weather.flac").to_mono().to_int16()
    middle = 8 * pcm.sample_rate
    return {"Paris": pcm.samples[:middle], "Tokyo": pcm.samples[middle:]}


async def ask(page: Page, recording: Path, question: Samples) -> None:
    """Let the recording be the question, and open the microphone: that plays it from its beginning."""
    write_wav(recording, question, RATE)
    if await page.get_attribute("#mute", "aria-pressed") == "true":
        await page.click("#mute")
        return
    await page.click("#devices")
    await page.select_option("#mic-picker", index=1)
    await page.click("#device-dialog .primary")


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_weather_is_asked_and_told_twice(tmp_path: Path, shoot: Shoot) -> None:
    for model in default_models():
        obtain(model.name)
    recording = write_wav(tmp_path / "question.wav", np.zeros(RATE), RATE)
    look = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
    async with (
        running_example() as address,
        browser(DEVICES, ALLOWED, microphone(recording), **look) as context,
    ):
        page = context.pages[0]
        await page.add_init_script(SCRIPT)
        await page.goto(address)
        await page.click("#start-quiet")
        await phase(page, "live")
        ears = Ears(page)
        await ears.open()
        greeting = page.locator("#transcript .agent:not(.partial)")
        await expect(greeting).to_contain_text("Hello", timeout=ANSWER_MS)
        await expect(page.locator("#state")).to_have_text("Listening", timeout=ANSWER_MS)
        for city, question in questions().items():
            before = await ears.now()
            await ask(page, recording, question)
            await expect(page.locator(".user", has_text=city)).to_be_visible(timeout=ANSWER_MS)
            await expect(page.locator(".tool", has_text=city)).to_contain_text("done", timeout=ANSWER_MS)
            answer = page.locator(".agent", has_text=re.compile(f"{city}.*sunny"))
            await expect(answer).to_contain_text("to answer", timeout=ANSWER_MS)
            await ears.agent_speaks(before)
            await expect(page.locator("#state")).to_have_text("Speaking", timeout=ANSWER_MS)
            await shoot(page, f"embedded-{city.lower()}")
            await expect(page.locator("#state")).to_have_text("Listening", timeout=ANSWER_MS)
