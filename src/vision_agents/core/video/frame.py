"""Pictures: the one shape in which video travels through the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod

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
        """Give the pixels: shape ``(height, width, 3)``, red, green, blue; may take milliseconds."""


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
