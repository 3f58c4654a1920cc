"""Pictures become files that other programs read."""

from __future__ import annotations

import av
import numpy as np
import pytest
from tests.core.video.films import read_picture

from vision_agents.core.video.encode import fitted, frame_to_jpeg_bytes, frame_to_png_bytes
from vision_agents.core.video.frame import DecodedFrame, RgbFrame, as_frame


def painting(width: int = 120, height: int = 81) -> RgbFrame:
    across = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 2] = across, 255 - across
    return RgbFrame(pixels, captured_at=0.0)


def test_png_keeps_every_pixel() -> None:
    frame = painting()
    np.testing.assert_array_equal(read_picture(frame_to_png_bytes(frame)), frame.to_rgb())


def test_jpeg_looks_the_same_and_its_quality_is_its_size() -> None:
    frame = painting()
    good, poor = frame_to_jpeg_bytes(frame, quality=95), frame_to_jpeg_bytes(frame, quality=5)

    assert np.abs(read_picture(good).astype(int) - frame.to_rgb()).mean() < 4
    assert len(poor) < len(good)


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [
        ((1920, 1080), 640, (640, 360)),
        ((100, 400), 200, (50, 200)),
        ((64, 48), 640, (64, 48)),
        ((64, 48), None, (64, 48)),
        ((4000, 1), 10, (10, 1)),
    ],
)
def test_the_longer_side_is_bounded(
    size: tuple[int, int], most: int | None, expected: tuple[int, int]
) -> None:
    assert fitted(*size, most) == expected
    if most:
        assert read_picture(frame_to_jpeg_bytes(painting(*size), max_size=most)).shape[1::-1] == expected


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="quality"):
        frame_to_jpeg_bytes(painting(), quality=0)
    with pytest.raises(ValueError, match="max_size"):
        frame_to_png_bytes(painting(), max_size=1)


def test_pictures_of_every_kind_are_taken() -> None:
    frame = painting()
    assert as_frame(frame, captured_at=9.0) is frame
    assert as_frame(frame.to_rgb(), captured_at=9.0).captured_at == 9.0
    decoded = as_frame(av.VideoFrame.from_ndarray(frame.to_rgb(), format="rgb24"), captured_at=9.0)
    assert isinstance(decoded, DecodedFrame)
    np.testing.assert_array_equal(decoded.to_rgb(), frame.to_rgb())
    assert decoded.to_rgb() is decoded.to_rgb()
    with pytest.raises(TypeError, match="must be a picture, not str"):
        as_frame("photo.jpg", captured_at=0.0)
