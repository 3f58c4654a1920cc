"""Page and agent together: the real edge, the real application, scripted models, a recording as microphone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.chromium import ALLOWED, DEVICES, browser, microphone, phase
from tests.browser.conftest import Shoot
from tests.browser.ears import SCRIPT, Ears
from tests.browser.serving import serving
from tests.browser.wav import write_wav
from tests.plugins.webrtc.parts import new_edge, scripted_agent, stay

from vision_agents.core.agents.agent import Agent
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.runner.http.app import build_app
from vision_agents.core.runner.options import ServeOptions
from vision_agents.core.types.status import SessionStatus
from vision_agents.testing.scripted import Calls, Says
from vision_agents.testing.tone_speech import mumble, speak
from vision_agents.testing.udp_proxy import NetworkConditions, UdpProxy

RATE = 48_000
LONG = "one two three four five six seven eight nine ten " * 12
DECISION_MS, FADE_MS, FRAME_MS, BARGE_IN_MS = 100, 40, 20, 1000


@asynccontextmanager
async def serving_agents(create: Callable[[], Agent], **settings: Any) -> AsyncGenerator[tuple[str, AgentLauncher]]:
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
        await page.click("#mute")
        for answer in ("It is sunny in Paris.", "It is sunny in Tokyo too."):
            await ears.agent_speaks()
            line = page.locator("#transcript .agent", has_text=answer)
            await expect(line).to_contain_text("to answer", timeout=15_000)
            await expect(line.locator(".bar i").first).to_be_visible()
        lines = page.locator("#transcript li")
        await expect(lines).to_have_count(6)
        await expect(lines.nth(0)).to_have_text("Youweather in paris")
        await expect(lines.nth(1)).to_contain_text('get_weather(location: "Paris")done')
        await expect(lines.nth(3)).to_have_text("Youand in tokyo")
        await shoot(page, "call-scripted")
