"""What the callers say, dealt into calls that share no sentence."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

SENTENCES = Path(__file__).with_name("sentences.txt")
ONE, TWO, NONE = 5, 2, 3
"""Turns of a call with one hesitation, with two, and without."""
_SEED = 11


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as text, cut where the speaker hesitates."""

    kind: str
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.parts)


def read_lines(path: Path = SENTENCES) -> list[Line]:
    """Every turn of the file."""
    lines: list[Line] = []
    for row in path.read_text().splitlines():
        if row and not row.startswith("#"):
            kind, text = row.split(":", 1)
            lines.append(Line(kind, tuple(part.strip() for part in text.split("|"))))
    return lines


def deal(lines: list[Line]) -> list[list[Line]]:
    """Calls of ten turns each, every sentence in one of them; the order is fixed."""
    rng = random.Random(_SEED)
    heaps = [[line for line in lines if len(line.parts) == parts] for parts in (2, 3, 1)]
    for heap in heaps:
        rng.shuffle(heap)
    calls: list[list[Line]] = []
    while all(heaps):
        turns = [
            heap.pop() for heap, count in zip(heaps, (ONE, TWO, NONE), strict=True) for _ in range(count)
        ]
        rng.shuffle(turns)
        calls.append(turns)
    return calls
