"""A beep's way from the page to Python and back into the page, and a message's."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from benchmarks.webrtc.browser import page
from benchmarks.webrtc.client import LeanClient
from benchmarks.webrtc.echo import SERVERS, Echo

from vision_agents.core.audio.pcm import PcmData

LOUD = 3000
SETTLE_BEEPS = 4
"""The first ones are left out: the browser's own buffer is still finding its length."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Milliseconds; `lost` beeps never came back."""

    server: str
    client: str
    beeps: int
    lost: int
    median_ms: float
    min_ms: float
    max_ms: float
    ping_p50_ms: float | None = None
    ping_p95_ms: float | None = None
    connect_ms: float | None = None
    browser: dict[str, Any] | None = None


async def in_chromium(server: str, *, beeps: int) -> dict[str, Any]:
    """Measure with the page, on the clock of its audio context: everything that Chromium adds is in it."""
    echo = SERVERS[server]()
    loop = asyncio.get_running_loop()
    try:
        async with page() as opened:
            await opened.expose_function("exchange", echo.accept)
            began = loop.time()
            await asyncio.wait_for(opened.evaluate("connect()"), 30)
            connect_ms = 1000 * (loop.time() - began)
            times: list[float | None] = await opened.evaluate(f"beeps({beeps + SETTLE_BEEPS})")
            pings: list[float] = sorted(await opened.evaluate("pings(300)"))
            browser: dict[str, Any] = await opened.evaluate("statistics()")
    finally:
        await echo.close()
    return asdict(
        _result(
            server,
            "chromium",
            times[SETTLE_BEEPS:],
            ping_p50_ms=round(pings[150], 2),
            ping_p95_ms=round(pings[285], 2),
            connect_ms=round(connect_ms, 1),
            browser=browser,
        )
    )


async def in_process(server: str, *, beeps: int) -> dict[str, Any]:
    """Measure with a client that buffers nothing: from the frame it sends to the frame it decodes."""
    echo: Echo = SERVERS[server]()
    client = BeepingClient()
    try:
        await client.take(await echo.accept(await client.offer()))
        await client.connected.wait()
        times = [await client.beep(0.5 + 0.037 * (n % 5)) for n in range(beeps + SETTLE_BEEPS)]
    finally:
        await client.close()
        await echo.close()
    return asdict(_result(server, "in process", times[SETTLE_BEEPS:]))


class BeepingClient(LeanClient):
    """Sends silence, a frame of a beep when told to, and knows when it came back."""

    def __init__(self) -> None:
        super().__init__(decode=True)
        at = np.arange(960) / 48_000
        self._beep = PcmData((16_000 * np.sin(2 * np.pi * 1000 * at)).astype(np.int16), 48_000)
        self._left: asyncio.Future[float] | None = None
        self._back: asyncio.Future[float] | None = None
        self._frames = 0

    async def beep(self, pause: float) -> float | None:
        """Send a beep, wait for its echo, then rest; milliseconds, None where it did not come back."""
        loop = asyncio.get_running_loop()
        self._left, self._back = loop.create_future(), loop.create_future()
        self._frames = 3
        try:
            async with asyncio.timeout(2.0):
                return 1000 * (await self._back - await self._left)
        except TimeoutError:
            return None
        finally:
            self._left = self._back = None
            await asyncio.sleep(pause)

    def next_frame(self) -> PcmData:
        if not self._frames:
            return PcmData.silence(0.02, 48_000)
        self._frames -= 1
        if self._left is not None and not self._left.done():
            self._left.set_result(asyncio.get_running_loop().time())
        return self._beep

    def on_frame(self, pcm: PcmData) -> None:
        if self._back is not None and not self._back.done() and int(np.abs(pcm.samples).max()) > LOUD:
            self._back.set_result(asyncio.get_running_loop().time())


def _result(server: str, client: str, times: list[float | None], **more: Any) -> RoundTrip:
    found = [one for one in times if one is not None]
    return RoundTrip(
        server=server,
        client=client,
        beeps=len(times),
        lost=len(times) - len(found),
        median_ms=round(statistics.median(found), 1),
        min_ms=round(min(found), 1),
        max_ms=round(max(found), 1),
        **more,
    )
