"""Finds what moves in a row of pictures: pure arithmetic on a coarse grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision_agents.core.video.frame import Rgb

Grid = npt.NDArray[np.float32]

_COLUMNS = 64
_FAINT = 8.0
"""Grey levels, of 255: what changes less is noise in any light."""
_TIMES_NOISE = 6.0
_FORGETS = 0.3
"""Share of the background that each picture replaces: what stands still is not seen after a second."""
_FEWEST_CELLS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in shares of its width and height from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Motion:
    """What one picture shows: where something moves, and how light it is.

    Args:
        box: around everything that moves; None where nothing does.
        share: of the picture that moves, 0 to 1.
        brightness: 0 to 255.
    """

    box: Box | None
    share: float
    brightness: float

    @property
    def where(self) -> str:
        """``left``, ``middle`` or ``right`` of the picture; empty where nothing moves."""
        if self.box is None:
            return ""
        centre = (self.box.left + self.box.right) / 2
        return "left" if centre < 1 / 3 else "right" if centre > 2 / 3 else "middle"


class MotionDetector:
    """Compares each picture with those before it; a light that goes on is no motion, nor is noise."""

    def __init__(self) -> None:
        self._background: Grid | None = None
        self._noise = 0.0

    def look(self, pixels: Rgb) -> Motion:
        """Look at the next picture, of shape ``(height, width, 3)``; blocks for some milliseconds."""
        grid = _grid(pixels)
        background = self._background
        if background is None or background.shape != grid.shape:
            self._background = grid
            return Motion(None, 0.0, float(grid.mean()))
        change = grid - background
        change -= np.median(change)
        size = np.abs(change)
        self._noise += 0.1 * (float(np.median(size)) - self._noise)
        mask = _dense(size > max(_FAINT, _TIMES_NOISE * self._noise))
        self._background = (background + _FORGETS * (grid - background)).astype(np.float32)
        return Motion(_around(mask), float(mask.mean()), float(grid.mean()))


def _grid(pixels: Rgb) -> Grid:
    """Grey means of square cells; of a big picture not every pixel counts."""
    cell = max(1, pixels.shape[1] // _COLUMNS)
    step = max(1, cell // 4)
    inside = max(1, cell // step)
    green = pixels[::step, ::step, 1]
    rows, columns = max(1, green.shape[0] // inside), max(1, green.shape[1] // inside)
    cut = green[: rows * inside, : columns * inside].astype(np.float32)
    cells = cut.reshape(rows, cut.shape[0] // rows, columns, cut.shape[1] // columns)
    return cells.mean(axis=(1, 3), dtype=np.float32)


def _dense(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep cells with at least three neighbours: what moves has a size, noise has none."""
    padded = np.pad(mask, 1).astype(np.uint8)
    rows, columns = mask.shape
    around = sum(padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3))
    return mask & (around >= 4)


def _around(mask: npt.NDArray[np.bool_]) -> Box | None:
    if np.count_nonzero(mask) < _FEWEST_CELLS:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return Box(
        left=float(columns[0] / width),
        top=float(rows[0] / height),
        right=float((columns[-1] + 1) / width),
        bottom=float((rows[-1] + 1) / height),
    )
