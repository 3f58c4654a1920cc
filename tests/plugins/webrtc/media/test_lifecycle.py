from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path

import pytest
from tests.plugins.webrtc.media.browser import Browser, Heard, call, tone

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media.liveness import Liveness
from vision_agents.plugins.webrtc.media.settings import PeerSettings
from vision_agents.testing.virtual_time import run_virtual


def held() -> tuple[int, int, int]:
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208


async def one_call(turn: int) -> None:
    async with call() as (browser, peer, heard):
        peer.send_message({"type": "hello", "turn": turn})
        await heard.until(lambda: len(heard.audio) >= 2)
        if turn % 2:
            await browser.pc.close()
            await heard.until(lambda: heard.states[-1] == "closed")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open descriptors are counted in /proc")
@pytest.mark.parametrize("calls", [6, pytest.param(200, marks=pytest.mark.slow)])
async def test_calls_that_come_and_go_leave_nothing(calls: int) -> None:
    await one_call(0)
    before = held()
    for turn in range(calls):
        await one_call(turn)
    assert held() == before


async def test_a_call_with_video_lines_takes_at_most_ten_threads() -> None:
    before = threading.active_count()
    browser = Browser()
    browser.pc.addTransceiver("video", direction="sendrecv")
    browser.pc.addTransceiver("video", direction="sendonly")
    async with call(browser=browser) as (_, _, heard):
        await heard.until(lambda: len(heard.audio) > 10)
        assert threading.active_count() - before <= 10


async def test_a_close_that_hangs_is_cut_short_and_gives_its_socket_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = held()
    async with call(PeerSettings(host_addresses=("127.0.0.1",), close_timeout=0.2)) as (_, peer, _heard):
        connection = peer._connection  # pyright: ignore[reportPrivateUsage]
        assert connection is not None
        close = connection.close

        async def hang() -> None:
            monkeypatch.undo()  # once: aiortc closes again by itself where the browser was heard to end
            await asyncio.Event().wait()

        monkeypatch.setattr(connection, "close", hang)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await peer.close()
        assert loop.time() - began < 1.0
        assert not connection.has_addresses
        await close()
    assert held()[2] == before[2]


async def test_a_listener_that_fails_costs_its_frame_and_nothing_else() -> None:
    class Clumsy(Heard):
        def on_audio(self, pcm: PcmData) -> None:
            super().on_audio(pcm)
            if len(self.audio) % 2:
                raise LookupError("clumsy")

    heard = Clumsy()
    async with call(heard=heard) as (browser, peer, _):
        browser.microphone.frames += tone(440, 30)
        await heard.until(lambda: len(heard.audio) >= 20)
        assert peer.stats.errors >= 10
        assert heard.states == ["connected"]


def test_silence_is_an_interruption_then_the_end_and_a_sign_of_life_undoes_it() -> None:
    async def scene() -> None:
        told: list[tuple[float, str]] = []
        loop = asyncio.get_running_loop()
        liveness = Liveness(
            PeerSettings(interrupted_after=6.0, lost_after=30.0),
            on_connected=lambda: told.append((loop.time(), "connected")),
            on_interrupted=lambda: told.append((loop.time(), "interrupted")),
            on_lost=lambda: told.append((loop.time(), "lost")),
        )
        liveness.start()
        for _ in range(3):  # at 1, 3 and 5 s
            await asyncio.sleep(1.0 if not told else 2.0)
            liveness.hear()
        await asyncio.sleep(7.0)
        liveness.hear()
        await asyncio.sleep(40.0)
        liveness.stop()
        liveness.hear()
        assert told == [
            (1.0, "connected"),
            (11.0, "interrupted"),
            (12.0, "connected"),
            (18.0, "interrupted"),
            (42.0, "lost"),
        ]

    run_virtual(scene())
