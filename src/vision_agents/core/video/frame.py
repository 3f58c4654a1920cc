"""Pictures: the one shape in which video travels through the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from vision_agents.core.types.units import Seconds

Rgb = npt.NDArray[np.uint8]


class VideoFrame(ABC):
    """One picture of a track; its pixels are worked out only when somebody asks for them.

    Args:
        width: in pixels.
        height: in pixels.
        captured_at: when it was received or made, on the event loop's clock.
    """

    def __init__(self, *, width: int, height: int, captured_at: Seconds) -> None:
        if width <= 0 or height <= 0:
            raise ValueError(f"A picture has at least one pixel, not {width} x {height}.")
        self.width = width
        self.height = height
        self.captured_at = captured_at

    @abstractmethod
    def to_rgb(self) -> Rgb:
        """Give the pixels: shape ``(height, width, 3)``, red, green, blue; may take milliseconds.

        They are shared with whoever else looks at the frame: copy them before you draw.
        """


class RgbFrame(VideoFrame):
    """A picture whose pixels are there already.

    Args:
        pixels: shape ``(height, width, 3)``, red, green, blue.
        captured_at: when it was received or made, on the event loop's clock.

    Raises:
        ValueError: another shape.
    """

    def __init__(self, pixels: Rgb, *, captured_at: Seconds) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(f"Pixels must have the shape (height, width, 3), not {pixels.shape}.")
        super().__init__(width=pixels.shape[1], height=pixels.shape[0], captured_at=captured_at)
        self._pixels = pixels

    def to_rgb(self) -> Rgb:
        """Give the pixels."""
        return self._pixels


@runtime_checkable
class Decoded(Protocol):
    """A picture of libav, as far as it is used."""

    @property
    def width(self) -> int:
        """In pixels."""
        ...

    @property
    def height(self) -> int:
        """In pixels."""
        ...

    def to_ndarray(self, *, format: str) -> npt.NDArray[Any]:
        """Give the pixels in a format of libav."""
        ...


class DecodedFrame(VideoFrame):
    """A picture as libav decoded it; its pixels are converted once, when somebody asks for them."""

    def __init__(self, decoded: Decoded, *, captured_at: Seconds) -> None:
        super().__init__(width=decoded.width, height=decoded.height, captured_at=captured_at)
        self._decoded = decoded
        self._pixels: Rgb | None = None

    def to_rgb(self) -> Rgb:
        """Convert the pixels."""
        if self._pixels is None:
            self._pixels = np.asarray(self._decoded.to_ndarray(format="rgb24"), np.uint8)
        return self._pixels


def as_frame(picture: object, *, captured_at: Seconds) -> VideoFrame:
    """Take a picture of any kind: a `VideoFrame`, one of libav, or pixels of shape ``(height, width, 3)``.

    Raises:
        TypeError: it is no picture.
    """
    if isinstance(picture, VideoFrame):
        return picture
    if isinstance(picture, np.ndarray):
        return RgbFrame(cast("Rgb", picture), captured_at=captured_at)
    if isinstance(picture, Decoded):
        return DecodedFrame(picture, captured_at=captured_at)
    raise TypeError(f"A frame must be a picture, not {type(picture).__name__}.")
