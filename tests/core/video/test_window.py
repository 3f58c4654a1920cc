"""A model is shown the newest pictures, some time apart, and never more than were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from vision_agents.core.video.frame import RgbFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.core.video.window import FrameWindow, VisionSettings

PIXELS = np.zeros((2, 2, 3), np.uint8)


def show(track: VideoTrack, seconds: float, *, fps: int = 30, begin: float = 0.0) -> None:
    for beat in range(round(seconds * fps) + 1):
        track.push(RgbFrame(PIXELS, captured_at=begin + beat / fps))


def times(window: FrameWindow, count: int | None = None) -> list[float]:
    return [round(frame.captured_at, 3) for frame in window.newest(count)]


@pytest.mark.parametrize(("fps", "frames"), [(1.0, 1), (1.0, 2), (0.5, 3), (2.0, 5), (10.0, 4)])
@pytest.mark.parametrize("until", [7.0, 7.9, 20.0])
def test_the_newest_pictures_at_the_asked_rate(fps: float, frames: int, until: float) -> None:
    track = VideoTrack()
    window = FrameWindow(VisionSettings(frames=frames, fps=fps))
    window.look_at(track)

    show(track, until)

    taken = times(window)
    assert len(taken) == frames
    assert taken[-1] == until
    gaps = np.diff(taken)
    assert all(0.45 / fps <= gap <= 1.55 / fps for gap in gaps)


def test_where_there_are_fewer_there_are_fewer() -> None:
    track = VideoTrack()
    window = FrameWindow(VisionSettings(frames=5, fps=1))
    window.look_at(track)
    assert times(window) == []
    show(track, 1.2)
    assert times(window) == [0.0, 1.2]
    assert times(window, 1) == [1.2]


def test_another_track_begins_anew_and_one_that_ended_shows_nothing() -> None:
    camera, screen = VideoTrack(), VideoTrack()
    window = FrameWindow(VisionSettings(frames=3, fps=1))
    window.look_at(camera)
    show(camera, 5)
    show(screen, 0, begin=5)

    window.look_at(screen)
    show(camera, 5, begin=5)
    assert times(window) == [5.0]

    screen.end()
    assert times(window) == []


@pytest.mark.parametrize("wrong", [{"frames": 6}, {"frames": -1}, {"fps": 0}, {"fps": 31}])
def test_settings_that_no_model_could_take_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        VisionSettings(**wrong)  # pyright: ignore[reportArgumentType]
