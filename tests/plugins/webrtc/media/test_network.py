"""Peers on a network that is bad, goes away, or comes back."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from itertools import pairwise

import numpy as np
import pytest
from tests.plugins.webrtc.media.browser import LOOPBACK, Browser, Heard, tone

from vision_agents.core.audio.pcm import PcmData
from vision_agents.plugins.webrtc.media.peer import Peer
from vision_agents.plugins.webrtc.media.settings import PeerSettings
from vision_agents.testing.udp_proxy import NetworkConditions, UdpProxy

HASTY = PeerSettings(host_addresses=("127.0.0.1",), interrupted_after=3.0, lost_after=6.0)


@contextlib.asynccontextmanager
async def call_over(
    conditions: NetworkConditions, settings: PeerSettings = LOOPBACK
) -> AsyncGenerator[tuple[Browser, Peer, Heard, UdpProxy]]:
    async with UdpProxy(conditions) as proxy:
        browser, heard = Browser(), Heard()
        peer = Peer(heard, settings)
        try:
            answer = await peer.accept(proxy.rewrite_offer(await browser.offer()))
            await browser.take(proxy.rewrite_answer(answer))
            await heard.until(lambda: "connected" in heard.states)
            yield browser, peer, heard, proxy
        finally:
            await peer.close()
            await browser.close()


async def test_lost_packets_are_made_up_for_and_counted_and_no_other_frame_is_missing() -> None:
    conditions = NetworkConditions(loss=0.05, delay_ms=(5, 8), seed=3)
    async with call_over(conditions) as (browser, peer, heard, proxy):
        browser.microphone.frames += tone(440, 500)
        await heard.until(lambda: len(heard.audio) >= 150)
        counts = peer.stats.inbound
        lost = [n for n in proxy.up.lost_frames if n < counts.packets + counts.concealed]
        assert len(lost) >= 3
        assert counts.frames == len(heard.audio)
        in_hand = counts.packets - counts.late - counts.duplicates + counts.concealed - counts.frames
        assert 0 <= in_hand <= 2  # packets behind a hole that is still open
        loud = [pcm for pcm in heard.audio[20:] if np.abs(pcm.samples).max() > 2000]
        assert len(loud) > 0.9 * len(heard.audio[20:])


@pytest.mark.slow
async def test_three_per_cent_loss_and_jitter_reach_the_agent_as_fifty_frames_a_second() -> None:
    conditions = NetworkConditions(loss=0.03, delay_ms=(20, 30), seed=7)
    async with call_over(conditions) as (browser, peer, heard, proxy):
        browser.microphone.frames += tone(440, 1000)
        await asyncio.sleep(15.0)
        at = heard.audio_at
        counts = peer.stats.inbound
        assert 49.5 <= (len(at) - 1) / (at[-1] - at[0]) <= 50.5
        assert max(b - a for a, b in pairwise(at)) < 0.1
        assert abs(counts.concealed - len(proxy.up.lost_frames)) <= 1
        assert counts.late == 0


async def test_a_network_that_falls_silent_is_told_and_so_is_its_return() -> None:
    settings = PeerSettings(host_addresses=("127.0.0.1",), interrupted_after=3.0)
    async with call_over(NetworkConditions(), settings) as (_, _, heard, proxy):
        loop = asyncio.get_running_loop()
        proxy.cut()
        began = loop.time()
        await heard.until(lambda: heard.states[-1] == "interrupted")
        assert loop.time() - began < 5.0
        proxy.restore()
        await heard.until(lambda: heard.states[-1] == "connected")
        heard.audio.clear()
        await heard.until(lambda: len(heard.audio) > 10)


async def test_a_network_that_stays_silent_ends_the_peer() -> None:
    async with call_over(NetworkConditions(), HASTY) as (_, _, heard, proxy):
        proxy.cut()
        await heard.until(lambda: heard.states == ["connected", "interrupted", "closed"])


async def test_a_browser_that_hides_its_address_is_found_by_its_own_checks() -> None:
    browser, heard = Browser(), Heard()
    peer = Peer(heard, LOOPBACK)
    offer = re.sub(r"(a=candidate:\S+ 1 udp \d+) \S+", r"\1 0b9f6c1e-2f7d.local", await browser.offer())
    assert ".local" in offer
    try:
        await browser.take(await peer.accept(offer))
        await heard.until(lambda: heard.states == ["connected"])
        await heard.until(lambda: len(heard.audio) > 5)
    finally:
        await peer.close()
        await browser.close()


async def test_a_browser_that_never_comes_is_given_up() -> None:
    browser, heard = Browser(), Heard()
    peer = Peer(heard, PeerSettings(host_addresses=("127.0.0.1",), connect_timeout=0.3))
    await peer.accept(await browser.offer())
    await browser.close()
    await heard.until(lambda: heard.states == ["closed"], within=3.0)
    await peer.close()


@pytest.mark.slow
async def test_a_silent_network_is_told_within_ten_seconds_by_default() -> None:
    async with call_over(NetworkConditions()) as (_, _, heard, proxy):
        loop = asyncio.get_running_loop()
        proxy.cut()
        began = loop.time()
        await heard.until(lambda: heard.states[-1] == "interrupted", within=10.0)
        assert loop.time() - began > 3.0


async def test_closing_takes_little_time_also_when_nobody_is_there() -> None:
    async with call_over(NetworkConditions(), HASTY) as (_, peer, heard, proxy):
        proxy.cut()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(peer.close(), peer.close())
        assert loop.time() - began < 2.0
        assert heard.states == ["connected"]
        peer.send_audio(PcmData.silence(0.02, 48_000))
        peer.send_message({"type": "late"})
        peer.flush_audio(None)
        assert peer.unplayed == 0.0
