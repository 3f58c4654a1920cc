from __future__ import annotations

import asyncio
import itertools
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from tests.plugins.webrtc.media.browser import Browser, call

from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import RgbFrame, VideoFrame
from vision_agents.plugins.webrtc.media import video_in
from vision_agents.plugins.webrtc.media.video_in import receive_frames
from vision_agents.plugins.webrtc.media.video_out import OutgoingVideo


class Camera(MediaStreamTrack):
    """Pictures of one colour, 20 a second."""

    kind = "video"

    def __init__(self, colour: tuple[int, int, int], *, width: int = 160, height: int = 120) -> None:
        super().__init__()
        self._pixels = np.full((height, width, 3), colour, np.uint8)
        self._count = itertools.count()

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(0.05)
        frame = av.VideoFrame.from_ndarray(self._pixels, format="rgb24")
        frame.pts, frame.time_base = next(self._count) * 4500, Fraction(1, 90_000)
        return frame


def colour(frame: VideoFrame) -> list[int]:
    return [int(part) for part in frame.to_rgb().reshape(-1, 3).mean(axis=0)]


def looks_like(frame: VideoFrame, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 20 for a, b in zip(colour(frame), wanted, strict=True))


async def test_camera_and_screen_arrive_apart_and_the_agent_is_seen() -> None:
    red, blue, green = (200, 30, 30), (30, 30, 200), (30, 200, 30)
    browser = Browser()
    browser.pc.addTransceiver(Camera(red), direction="sendrecv")
    browser.pc.addTransceiver(Camera(blue, width=320, height=180), direction="sendonly")
    async with call(browser=browser) as (_, peer, heard):
        kinds = {TrackType.VIDEO, TrackType.SCREEN_SHARE}
        await heard.until(lambda: {kind for kind, _ in heard.video} == kinds)
        newest = dict(heard.video)
        assert looks_like(newest[TrackType.VIDEO], red)
        assert looks_like(newest[TrackType.SCREEN_SHARE], blue)
        screen = newest[TrackType.SCREEN_SHARE]
        assert (screen.width, screen.height, screen.to_rgb().shape) == (320, 180, (180, 320, 3))
        assert screen.to_rgb() is screen.to_rgb()
        loop = asyncio.get_running_loop()
        assert 0 <= loop.time() - screen.captured_at < 5

        async with asyncio.timeout(10):
            while not browser.video:
                picture = np.full((101, 81, 3), green, np.uint8)  # odd sizes lose a row and a column
                peer.send_video(RgbFrame(picture, captured_at=loop.time()))
                await asyncio.sleep(0.05)
        seen = browser.video[-1]
        assert (seen.width, seen.height) == (80, 100)
        assert looks_like(RgbFrame(cast("Any", seen.to_ndarray(format="rgb24")), captured_at=0.0), green)

        await browser.pc.close()
        await heard.until(lambda: heard.states[-1] == "closed")
    assert peer.stats.video_frames == len(heard.video)


async def test_the_newest_picture_wins_and_a_stopped_track_ends() -> None:
    track = OutgoingVideo()
    for level in (10, 120, 240):
        track.show(RgbFrame(np.full((16, 16, 3), level, np.uint8), captured_at=1.0))
    picture = await track.recv()
    assert (picture.format.name, picture.pts, picture.time_base) == ("yuv420p", 90_000, Fraction(1, 90_000))
    assert abs(int(cast("Any", picture.to_ndarray(format="gray"))[0, 0]) - 240) < 4
    waiting = asyncio.get_running_loop().create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting


async def test_pictures_that_stop_coming_are_told_once_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_in, "STOPPED_AFTER", 0.15)
    gate = asyncio.Event()

    class Halting(Camera):
        async def recv(self) -> av.VideoFrame:
            await gate.wait()
            return await super().recv()

    track = Halting((1, 2, 3))
    told: list[str] = []
    changed = asyncio.Event()

    def tell(what: str) -> None:
        if told[-1:] != [what]:
            told.append(what)
        changed.set()

    receiving = asyncio.get_running_loop().create_task(
        receive_frames(track, lambda _: tell("picture"), lambda: tell("stopped"))
    )
    for step in range(1, 4):
        wanted = ["picture", "stopped", "picture"][:step]
        if step % 2:
            gate.set()
        else:
            gate.clear()
        async with asyncio.timeout(5):
            while told != wanted:
                changed.clear()
                await changed.wait()
    track.stop()
    await receiving
    assert told == ["picture", "stopped", "picture", "stopped"]


async def test_without_a_video_line_pictures_go_nowhere() -> None:
    async with call() as (_, peer, _heard):
        peer.send_video(RgbFrame(np.zeros((2, 2, 3), np.uint8), captured_at=0.0))
        assert peer.stats.video_frames == 0
