from __future__ import annotations

import asyncio

import numpy as np
from tests.plugins.webrtc.media.browser import Browser, call, pitch, tone

from vision_agents.core.audio.pcm import PcmData


async def test_both_hear_each_other() -> None:
    async with call() as (browser, peer, heard):
        browser.microphone.frames += tone(440, 60)
        await heard.until(lambda: sum(np.abs(pcm.samples).max() > 4000 for pcm in heard.audio) >= 40)
        loud = [pcm.samples for pcm in heard.audio if np.abs(pcm.samples).max() > 4000]
        assert abs(pitch(loud[5:35]) - 440) < 5
        assert {(len(pcm), pcm.sample_rate, pcm.format, pcm.channels) for pcm in heard.audio} == {
            (960, 48_000, "s16", 1)
        }
        for frame in tone(880, 60):
            peer.send_audio(frame)
        assert peer.unplayed > 1.0
        await browser.until(lambda: sum(np.abs(wave).max() > 4000 for wave in browser.heard) >= 40)
        loud_there = [wave for wave in browser.heard if np.abs(wave).max() > 4000]
        assert abs(pitch(loud_there[5:35]) - 880) < 5


async def test_messages_go_both_ways_also_those_sent_before_the_channel_opens() -> None:
    browser = Browser()
    async with call(browser=browser) as (_, peer, heard):
        peer.send_message({"type": "hello", "name": "Zoë"})
        await browser.until(lambda: len(browser.messages) == 1)
        assert browser.messages == [{"type": "hello", "name": "Zoë"}]
        for message in ('{"type":"ping","n":1}', "[1]", "no json", b"{}", '{"type":"text","text":"hi"}'):
            browser.channel.send(message)
        await heard.until(lambda: len(heard.messages) == 2)
        assert heard.messages == [{"type": "ping", "n": 1}, {"type": "text", "text": "hi"}]
        assert peer.stats.messages.refused == 3


async def test_a_pause_goes_on_as_silence_and_speech_after_it_is_whole() -> None:
    async with call() as (browser, peer, _):
        await browser.until(lambda: len(browser.heard) > 40)  # beyond what is encoded of a pause
        assert max(np.abs(wave).max() for wave in browser.heard[20:]) < 10
        for frame in tone(880, 40):
            peer.send_audio(frame)
        await browser.until(lambda: sum(np.abs(wave).max() > 4000 for wave in browser.heard) >= 38)
        await asyncio.sleep(0.5)
        assert np.abs(browser.heard[-1]).max() < 10
        assert peer.stats.outbound.frames == 40


async def test_a_page_that_closes_is_told_at_once() -> None:
    async with call() as (browser, _, heard):
        await browser.pc.close()
        await heard.until(lambda: heard.states == ["connected", "closed"], within=1.0)


async def test_a_flush_drops_what_waits_and_ends_with_the_fading_frame() -> None:
    async with call() as (browser, peer, _):
        for frame in tone(880, 250):
            peer.send_audio(frame)
        await browser.until(lambda: any(np.abs(wave).max() > 4000 for wave in browser.heard))
        peer.flush_audio(PcmData((np.linspace(4000, 0, 960)).astype(np.int16), 48_000))
        assert peer.unplayed <= 0.02
        await asyncio.sleep(0.4)
        assert np.abs(browser.heard[-1]).max() < 50
        assert peer.stats.outbound.flushed > 200
