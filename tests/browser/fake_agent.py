"""A server that plays the agent's side by a script: the page's own tests need no agent and no model."""

from __future__ import annotations

import asyncio
import fractions
import json
from pathlib import Path
from typing import Any

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parents[2] / "src/vision_agents/plugins/webrtc/page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
RATE = 48_000
FRAME = RATE // 50

Message = dict[str, Any]


class Tone(MediaStreamTrack):
    """A tone while `sounding`, silence else; 20 ms frames on the loop's clock."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.sounding = False
        self._sent = 0
        self._began: float | None = None

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        self._began = loop.time() if self._began is None else self._began
        await asyncio.sleep(max(0.0, self._began + self._sent / RATE - loop.time()))
        moments = (np.arange(FRAME) + self._sent) / RATE
        wave = np.sin(2 * np.pi * 440 * moments) * (9000 if self.sounding else 0)
        frame = AudioFrame.from_ndarray(wave.astype(np.int16)[None], layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME
        return frame


class FakeAgent:
    """What the page has asked for, and the messages it is told."""

    def __init__(self) -> None:
        self.origin = ""
        self.requests: list[tuple[str, str]] = []
        self.received: list[Message] = []
        self.bodies: list[Message] = []
        self.refuse: dict[str, tuple[int, str]] = {}
        self.api_key: str | None = None
        self.tone = Tone()
        self.picture: MediaStreamTrack | None = None
        self.peers: list[RTCPeerConnection] = []
        self._channel: Any = None
        self._changed = asyncio.Event()

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.middleware("http")(self._policy)
        app.get("/calls/{call_id}/sessions")(self._list)
        app.post("/calls/{call_id}/{verb}")(self._answer)
        app.mount("/demo", StaticFiles(directory=PAGE, html=True))
        return app

    def tell(self, *messages: Message) -> None:
        for message in messages:
            self._channel.send(json.dumps(message))

    async def until(self, kind: str, count: int = 1) -> Message:
        """Wait for that many messages of a kind from the page; give the last."""
        while len(found := [message for message in self.received if message["type"] == kind]) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 15)
        return found[count - 1]

    async def drop(self) -> None:
        """Lose the connection without a word."""
        await self.peers[-1].close()

    async def close(self) -> None:
        await asyncio.gather(*(peer.close() for peer in self.peers))

    async def _policy(self, request: Request, go_on: Any) -> Any:
        self.requests.append((request.method, request.url.path))
        response = await go_on(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    async def _list(self) -> Message:
        return {"sessions": []}

    async def _answer(self, request: Request, call_id: str, verb: str) -> JSONResponse:
        if verb in self.refuse:
            status, detail = self.refuse[verb]
            return JSONResponse({"detail": detail}, status)
        keyed = verb in {"sessions", "join-token"}
        if keyed and self.api_key and request.headers.get("x-api-key") != self.api_key:
            return JSONResponse({"detail": "A key is needed"}, 401)
        body = await request.json()
        self.bodies.append(body)
        if verb == "sessions":
            return JSONResponse({"session_id": "s1", "call_id": call_id}, 201)
        if verb == "join-token":
            return JSONResponse({"token": "joining", "expires_at": "", "ice_servers": []}, 201)
        assert request.headers["authorization"] == (
            "Bearer joining" if verb == "offer" else "Bearer resuming"
        )
        return JSONResponse(await self._accept(body, call_id))

    async def _accept(self, offer: Message, call_id: str) -> Message:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peers.append(peer)

        @peer.on("datachannel")
        def on_channel(channel: Any) -> None:
            self._channel = channel
            channel.on("message", self._on_message)
            agent = {"id": "agent", "name": "Ada"}
            self.tell({"type": "hello", "session_id": "7c0e1d52", "call_id": call_id, "agent": agent})

        # Without a microphone a browser hides its address behind a name that only multicast would tell.
        sdp = "".join(line for line in offer["sdp"].splitlines(keepends=True) if ".local " not in line)
        await peer.setRemoteDescription(RTCSessionDescription(sdp, offer["type"]))
        peer.addTrack(self.tone)
        if self.picture:
            peer.addTrack(self.picture)  # goes back on the line of the camera, the first of its kind
        await peer.setLocalDescription(await peer.createAnswer())
        answer = peer.localDescription
        return {"sdp": answer.sdp, "type": answer.type, "peer_id": "p1", "resume_token": "resuming"}

    def _on_message(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "ping":
            self.tell({"type": "pong", "n": message["n"]})
        self.received.append(message)
        self._changed.set()
