"""Small real video files for tests."""

# libav's bindings type their streams and packets only in part.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def shade(value: int, *, width: int = 64, height: int = 48) -> Pixels:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def film(path: Path, pictures: Iterable[Pixels], *, fps: int = 30, stamps: Iterable[int] = ()) -> Path:
    """Write a real video, with a codec that every build of libav has; `stamps` are in pictures."""
    pictures, times = list(pictures), list(stamps)
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        for number, pixels in enumerate(pictures):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts = times[number] if times else number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def read_picture(data: bytes) -> Pixels:
    """Decode a picture file."""
    with av.open(io.BytesIO(data), "r") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)
