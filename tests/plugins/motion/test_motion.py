"""A camera at a door: what moves is seen, what does not is not, on a real video file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.core.agents.video_parts import in_call, video_agent
from tests.core.video.films import Pixels, film

from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import RgbFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.plugins.motion import Box, MotionChangedEvent, MotionDetector, MotionProcessor

WIDTH, HEIGHT, FPS = 320, 240, 10


class Door:
    """What a cheap camera sees: noise, a lamp that hums, and perhaps somebody who walks by."""

    def __init__(self, *, noise: float = 4.0, hum: float = 6.0) -> None:
        self._random = np.random.default_rng(3)
        self._noise, self._hum = noise, hum
        across = np.linspace(60, 140, WIDTH)
        self.wall = np.repeat(across[None, :], HEIGHT, axis=0)
        self._coat = self._random.uniform(20, 220, (110, 40))

    def at(self, seconds: float, person: float | None = None) -> Pixels:
        """A picture; `person` is where somebody stands, 0 (left) to 1 (right)."""
        lamp = self._hum * np.sin(seconds * 9)
        grey = self.wall + lamp + self._random.normal(0, self._noise, self.wall.shape)
        if person is not None:
            left = round(person * (WIDTH - 40))
            grey[100:210, left : left + 40] = self._coat + lamp
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def walk(seconds: float) -> float | None:
    """Somebody comes from the left after 4 s and has left on the right after 7 s."""
    return (seconds - 4) / 3 if 4 <= seconds <= 7 else None


def test_noise_and_a_humming_lamp_are_no_motion() -> None:
    door, detector = Door(), MotionDetector()
    boxes = [detector.look(door.at(beat / FPS)).box for beat in range(300)]
    assert boxes == [None] * 300


def test_a_light_that_goes_on_is_no_motion() -> None:
    detector, dark, light = MotionDetector(), Door(), Door()
    light.wall = light.wall + 60
    pictures = [*(dark.at(beat / FPS) for beat in range(50)), *(light.at(beat / FPS) for beat in range(50))]
    assert [detector.look(picture).box for picture in pictures] == [None] * 100


@pytest.mark.parametrize(("person", "where"), [(0.1, "left"), (0.5, "middle"), (0.9, "right")])
def test_somebody_who_moves_is_found_where_they_are(person: float, where: str) -> None:
    door, detector = Door(), MotionDetector()
    for beat in range(20):
        detector.look(door.at(beat / FPS))
    motion = detector.look(door.at(2.0, person))

    assert motion.where == where
    assert motion.box is not None
    left = person * (WIDTH - 40) / WIDTH
    expected = Box(left, 100 / HEIGHT, left + 40 / WIDTH, 210 / HEIGHT)
    for side in ("left", "top", "right", "bottom"):
        assert getattr(motion.box, side) == pytest.approx(getattr(expected, side), abs=0.05)


@pytest.mark.parametrize("size", [(1280, 720), (640, 480), (97, 33), (8, 8), (1, 1)])
def test_pictures_of_any_size_are_taken(size: tuple[int, int]) -> None:
    detector = MotionDetector()
    for value in (10, 10, 200):
        motion = detector.look(np.full((size[1], size[0], 3), value, np.uint8))
        assert motion.box is None
    assert motion.brightness == 200


@pytest.mark.virtual_time
async def test_a_film_of_a_visitor_is_announced_and_described(tmp_path: Path) -> None:
    door = Door()
    pictures = [door.at(beat / FPS, walk(beat / FPS)) for beat in range(14 * FPS)]
    camera = MotionProcessor()
    agent = video_agent(processors=[camera])
    agent.set_video_track_override_path(film(tmp_path / "door.mp4", pictures, fps=FPS))
    said: list[tuple[float, str]] = []
    async with in_call(agent) as call:
        began = asyncio.get_running_loop().time()
        for moment in (1, 3, 5.5, 8, 12):
            await asyncio.sleep(began + moment - asyncio.get_running_loop().time())
            said.append((moment, camera.report()))
        events = [(round(e.at - began, 1), e.moving, e.where) for e in call.of(MotionChangedEvent)]
        shown = [seen.frame.to_rgb() for seen in call.caller.peer.seen]
        metrics = agent.metrics.to_dict()

    assert events == [(pytest.approx(4.3, abs=0.3), True, "left"), (pytest.approx(9.1, abs=0.5), False, "")]
    assert [text for _, text in said] == [
        "Everything is still.",
        "Everything is still.",
        "Something is moving in the middle.",
        "Something is moving on the right.",
        "Everything is still. The last motion was 5 seconds ago.",
    ]
    assert metrics["video_frames_processed__total"] == pytest.approx(60, abs=3)
    assert len(shown) == pytest.approx(60, abs=3)
    framed = [picture for picture in shown if (picture == (255, 190, 0)).all(axis=2).any()]
    assert 10 <= len(framed) <= 22


@pytest.mark.virtual_time
async def test_what_there_is_to_see_without_a_picture_and_in_the_dark() -> None:
    camera, track = MotionProcessor(), VideoTrack()
    assert camera.report() == "There is no picture: nobody has a camera on."
    await camera.process_video(track, None)
    track.push(RgbFrame(np.full((48, 64, 3), 3, np.uint8), captured_at=0.0))
    await asyncio.sleep(1)
    assert camera.report() == "The picture is dark: the camera may be covered."
    await camera.stop_processing()
    assert camera.report() == "There is no picture: nobody has a camera on."


@pytest.mark.virtual_time
async def test_another_track_begins_anew_and_is_no_motion() -> None:
    camera = MotionProcessor()
    for value in (50, 200):
        track = VideoTrack()
        forwarder = VideoForwarder(track)
        await camera.process_video(track, "ann", forwarder)
        for _ in range(10):
            track.push(RgbFrame(np.full((48, 64, 3), value, np.uint8), captured_at=0.0))
            await asyncio.sleep(0.2)
        assert not camera.moving
        await forwarder.stop()


def test_a_rest_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="rest"):
        MotionProcessor(rest=0)


def timed(work: Callable[[], object], times: int = 30) -> float:
    import time

    best = 1.0
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def test_a_picture_takes_a_few_milliseconds() -> None:
    detector, picture = MotionDetector(), np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    assert timed(lambda: detector.look(picture)) < 20
