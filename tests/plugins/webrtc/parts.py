"""A page in the process: an aiortc client that signals over the runner's own application, and its server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from difflib import SequenceMatcher
from typing import Any

import httpx
from tests.core.runner.http.parts import serving
from tests.plugins.webrtc.media.browser import SAMPLES, Browser

from vision_agents.core.agents.agent import Agent
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.stt.stt import Transcript
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.people import User
from vision_agents.plugins.webrtc.edge import Edge
from vision_agents.testing.scripted import (
    Calls,
    Line,
    Says,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    ScriptedTurnDetector,
    ScriptedVAD,
)
from vision_agents.testing.tone_speech import speak

RATE = 48_000


def new_edge(**settings: Any) -> Edge:
    return Edge(host_addresses=("127.0.0.1",), **settings)


def scripted_agent(lines: Sequence[Line | str] = (), *, edge: Edge | None = None, **parts: Any) -> Agent:
    return Agent(
        edge=edge or new_edge(),
        agent_user=User(id="agent", name="Ada"),
        llm=ScriptedLLM(lines),
        stt=NearEnough(line.to for line in lines if isinstance(line, Says | Calls)),
        tts=ScriptedTTS(),
        vad=ScriptedVAD(),
        turn_detection=ScriptedTurnDetector(),
        turn_handling=TurnHandling(speculate=False),  # each line of the script is asked for once
        **parts,
    )


class NearEnough(ScriptedSTT):
    """Hears one of the phrases that are expected, if it is near enough: a busy machine costs a letter."""

    def __init__(self, expected: Iterable[str]) -> None:
        super().__init__()
        self._expected = [phrase for phrase in expected if phrase]

    async def transcribe(self, pcm: PcmData) -> Transcript:
        heard = await super().transcribe(pcm)
        return Transcript(next((one for one in self._expected if near(heard.text, one)), heard.text))


def near(heard: str, expected: str) -> bool:
    """Whether something sounds like what was said."""
    return SequenceMatcher(None, heard, expected).ratio() > 0.75


async def stay(agent: Agent, call_type: str, call_id: str) -> None:
    """Be in the call until it ends."""
    call = await agent.create_call(call_type, call_id)
    async with agent.join(call, participant_wait_timeout=0):
        await agent.finish()


class Page:
    """What the page does: asks for a token, offers, connects, and keeps what it is shown."""

    def __init__(self, client: httpx.AsyncClient, call_id: str, *, name: str = "") -> None:
        self.client = client
        self.call_id = call_id
        self.name = name
        self.browser = Browser()
        self.peer_id = ""
        self.resume_token = ""
        self._gone: list[Browser] = []

    async def token(self) -> str:
        body = {"user_name": self.name} if self.name else {}
        answer = await self.client.post(f"/calls/{self.call_id}/join-token", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def post(self, path: str, token: str, **offer: object) -> httpx.Response:
        return await self.client.post(
            f"/calls/{self.call_id}/{path}", json=offer, headers={"Authorization": f"Bearer {token}"}
        )

    async def join(self) -> None:
        """Be in the call, with an open data channel."""
        token = await self.token()
        answer = await self.post("offer", token, type="offer", sdp=await self.browser.offer())
        await self._take(answer)

    async def resume(self) -> None:
        """Come back over another connection; the old one is left as it is."""
        self._gone.append(self.browser)
        self.browser = Browser()
        answer = await self.post("resume", self.resume_token, type="offer", sdp=await self.browser.offer())
        await self._take(answer)

    async def _take(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        content = answer.json()
        self.peer_id, self.resume_token = content["peer_id"], content["resume_token"]
        await self.browser.take(content["sdp"])
        await self.browser.until(lambda: self.browser.channel.readyState == "open")

    def send(self, **message: object) -> None:
        self.browser.channel.send(json.dumps(message))

    def say(self, text: str) -> None:
        """Speak, and be silent for a moment."""
        samples = speak(text, sample_rate=RATE, pause=0.1).samples
        self.browser.microphone.frames.extend(
            PcmData(samples[start : start + SAMPLES], RATE)
            for start in range(0, len(samples) - SAMPLES, SAMPLES)
        )

    def shown(self, kind: str, **like: object) -> list[Mapping[str, object]]:
        """What was shown of one type, with these fields."""
        return [
            entry
            for entry in self.browser.messages
            if entry["type"] == kind and like.items() <= entry.items()
        ]

    async def until(self, reached: Callable[[], object], *, within: float = 10.0) -> None:
        try:
            await self.browser.until(lambda: bool(reached()), within=within)
        except TimeoutError:
            raise AssertionError(f"Not shown in time; shown: {self.browser.messages}") from None

    async def until_shown(self, kind: str, *, within: float = 10.0, **like: object) -> Mapping[str, object]:
        await self.until(lambda: self.shown(kind, **like), within=within)
        return self.shown(kind, **like)[-1]

    async def close(self) -> None:
        for browser in (*self._gone, self.browser):
            await browser.close()


@asynccontextmanager
async def page(client: httpx.AsyncClient, call_id: str, *, name: str = "") -> AsyncGenerator[Page]:
    """Give a page, and close it at the end."""
    made = Page(client, call_id, name=name)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def server(
    create_agent: Callable[[], Agent] = scripted_agent, *, join_call: Any = stay, **options: Any
) -> AsyncGenerator[tuple[httpx.AsyncClient, AgentLauncher]]:
    """Serve agents; gives a client and the launcher."""

    async def create() -> Agent:
        return create_agent()

    launcher = AgentLauncher(create, join_call, **options.pop("launcher", {}))
    async with serving(launcher, **options) as client:
        yield client, launcher


async def soon(reached: Callable[[], object], *, within: float = 10.0) -> None:
    """Wait until something is so, of which nobody tells."""
    async with asyncio.timeout(within):
        while not reached():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
