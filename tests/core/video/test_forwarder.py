"""Every handler gets the newest picture at its own pace, and nobody waits for anybody else."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import RgbFrame, VideoFrame
from vision_agents.core.video.track import VideoTrack

pytestmark = pytest.mark.virtual_time

PIXELS = np.zeros((2, 2, 3), np.uint8)


def now() -> float:
    return asyncio.get_running_loop().time()


def picture() -> RgbFrame:
    return RgbFrame(PIXELS, captured_at=now())


async def show(track: VideoTrack, seconds: float, *, fps: float = 30.0, jitter: float = 0.0) -> None:
    """Push pictures on a beat, each up to `jitter` seconds late."""
    random = np.random.default_rng(7)
    began = now()
    for beat in range(round(seconds * fps)):
        await asyncio.sleep(max(0.0, began + beat / fps + random.uniform(0, jitter) - now()))
        track.push(picture())


class Handler:
    """Keeps when it got which picture; each one takes it some time."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.at: list[float] = []
        self.ages: list[float] = []

    async def __call__(self, frame: VideoFrame) -> None:
        self.at.append(now())
        self.ages.append(now() - frame.captured_at)
        await asyncio.sleep(self.takes)


@pytest.mark.parametrize("fps", [1.0, 7.0, 10.0, 12.5, 25.0, 30.0])
@pytest.mark.parametrize("jitter", [0.0, 0.02])
async def test_a_handler_gets_the_rate_it_asked_for(fps: float, jitter: float) -> None:
    track, handler = VideoTrack(), Handler()
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(handler, fps=fps)

    await show(track, 20, jitter=jitter)
    await forwarder.stop()

    assert len(handler.at) == pytest.approx(20 * fps, abs=max(2, 0.02 * 20 * fps))
    assert max(handler.ages) < 1 / 30 + jitter + 0.001


async def test_each_handler_has_its_own_rate() -> None:
    track, slow, fast = VideoTrack(), Handler(), Handler()
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(slow, fps=2)
    forwarder.add_frame_handler(fast)

    await show(track, 10)
    await forwarder.stop()

    assert len(slow.at) == pytest.approx(20, abs=1)
    assert len(fast.at) == pytest.approx(300, abs=2)


async def test_the_newest_picture_wins_where_the_handler_is_slow() -> None:
    track, slow, other = VideoTrack(), Handler(takes=0.5), Handler()
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(slow)
    forwarder.add_frame_handler(other)

    await show(track, 10)
    await forwarder.stop()

    assert len(slow.at) == pytest.approx(20, abs=1)
    assert max(slow.ages) < 1 / 30 + 0.001
    assert forwarder.handled + forwarder.skipped == pytest.approx(600, abs=2)
    assert len(other.at) == pytest.approx(300, abs=2)  # it did not wait for the slow one


async def test_the_last_picture_before_a_pause_is_not_lost() -> None:
    track, handler = VideoTrack(), Handler()
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(handler, fps=1)
    track.push(picture())
    await asyncio.sleep(0.1)
    track.push(picture())

    await asyncio.sleep(60)
    await forwarder.stop()

    assert handler.at == [0.0, 1.0]


async def test_who_comes_later_gets_the_newest_picture_at_once() -> None:
    track, handler = VideoTrack(), Handler()
    track.push(picture())
    await asyncio.sleep(5)
    forwarder = VideoForwarder(track)

    forwarder.add_frame_handler(handler)
    await asyncio.sleep(1)
    await forwarder.stop()

    assert handler.ages == [5.0]


@pytest.mark.parametrize("fps", [31, 0, -1, float("nan")])
async def test_a_rate_that_cannot_be_is_refused(fps: float) -> None:
    forwarder = VideoForwarder(VideoTrack())
    with pytest.raises(ValueError, match="fps must be"):
        forwarder.add_frame_handler(Handler(), fps=fps)


async def test_a_handler_is_added_once_and_not_after_the_end() -> None:
    forwarder, handler = VideoForwarder(VideoTrack()), Handler()
    forwarder.add_frame_handler(handler)
    with pytest.raises(ValueError, match="already"):
        forwarder.add_frame_handler(handler)
    await forwarder.stop()
    with pytest.raises(RuntimeError, match="closed"):
        forwarder.add_frame_handler(handler)


async def test_a_handler_that_fails_is_told_of_once_and_stops_nobody() -> None:
    track, handler = VideoTrack(), Handler()
    told: list[tuple[str, str]] = []
    broken_until = 5.0

    def broken(_frame: VideoFrame) -> None:
        if now() < broken_until:
            raise OSError("no model")

    forwarder = VideoForwarder(track, on_failed=lambda name, error: told.append((name, str(error))))
    forwarder.add_frame_handler(broken, name="broken", fps=10)
    forwarder.add_frame_handler(handler, fps=10)

    await show(track, 10)
    await forwarder.stop()

    assert told == [("broken", "no model")]
    assert forwarder.failures == pytest.approx(50, abs=1)
    assert len(handler.at) == pytest.approx(100, abs=1)


async def test_it_tells_how_long_a_handler_took() -> None:
    track, took = VideoTrack(), list[float]()
    forwarder = VideoForwarder(track, on_handled=took.append)
    forwarder.add_frame_handler(Handler(takes=0.25))

    await show(track, 2)
    await asyncio.sleep(1)
    await forwarder.stop()

    assert took == pytest.approx([0.25] * 9, abs=0.01)


async def test_stop_awaits_a_handler_that_is_at_work() -> None:
    track, ended = VideoTrack(), list[float]()

    async def handler(_frame: VideoFrame) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.2)
            ended.append(now())

    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(handler)
    track.push(picture())
    await asyncio.sleep(1)

    await forwarder.stop()
    await forwarder.stop()

    assert ended == [1.2]
    track.push(picture())  # nobody watches any more


async def test_a_handler_that_is_removed_gets_nothing_more() -> None:
    track, handler, other = VideoTrack(), Handler(), Handler()
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(handler)
    forwarder.add_frame_handler(other)
    await show(track, 1)

    assert await forwarder.remove_frame_handler(handler)
    assert not await forwarder.remove_frame_handler(handler)
    await show(track, 1)
    await forwarder.stop()

    assert len(handler.at) == pytest.approx(30, abs=1)
    assert len(other.at) == pytest.approx(60, abs=2)
    assert forwarder.handled == len(handler.at) + len(other.at)


async def test_a_handler_may_remove_itself() -> None:
    track, seen = VideoTrack(), list[VideoFrame]()
    forwarder = VideoForwarder(track)

    async def once(frame: VideoFrame) -> None:
        await forwarder.remove_frame_handler(once)
        await asyncio.sleep(0.1)
        seen.append(frame)

    forwarder.add_frame_handler(once)
    await show(track, 1)
    await forwarder.stop()

    assert len(seen) == 1


async def test_an_hour_of_pictures_and_a_stuck_handler_take_no_memory() -> None:
    track, handler = VideoTrack(), Handler(takes=1e6)
    forwarder = VideoForwarder(track)
    forwarder.add_frame_handler(handler)

    await show(track, 600, fps=5)

    assert forwarder.skipped == pytest.approx(3000, abs=3)
    await forwarder.stop()
