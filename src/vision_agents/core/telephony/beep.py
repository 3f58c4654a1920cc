"""The beep of a machine that records: one steady tone that stands alone, and silence after it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

_LOWEST_HZ, _HIGHEST_HZ = 395.0, 1420.0
_PURE = 0.8
_STEADY = 0.01
"""How much its frequency may change from step to step."""
_LOUD = 10 ** (-45 / 10)
_SHORTEST, _LONGEST = 8, 250
"""Steps in which the tone is seen: from 0.1 s to 2.5 s."""
_HOLE = 11
"""Steps that a lost frame or two may hide."""
_FADES = 10 ** (6 / 10)
"""How many times its power at the end a tone has at its beginning that fades away: a string that rings."""
_SILENT_STEPS = 50
"""Silence that must follow: what goes on is a tune."""
_SILENT = 10 ** (-12 / 10)
_TONAL = 0.85
_TUNE_STEPS, _TUNE_LASTS = 25, 300
"""So many steps of other tones within so many before make it a note of a tune."""


@dataclass(slots=True)
class ToneRun:
    """A tone of one frequency, from its first step to its last so far."""

    first: int
    last: int
    frequency: float
    powers: list[float]

    def is_beep(self) -> bool:
        """Tell whether it is long and even enough."""
        if not _SHORTEST <= self.last - self.first + 1 <= _LONGEST:
            return False
        third = max(1, len(self.powers) // 3)
        return median(self.powers[:third]) <= _FADES * median(self.powers[-third:])


@dataclass(frozen=True, slots=True)
class LineStep:
    """What is on the line in one step; see `LineTrace`."""

    power: float
    frequency: float
    purity: float
    two_tones: float

    @property
    def is_tone(self) -> bool:
        """Whether there is nothing but one tone, where beeps lie."""
        return self.purity >= _PURE and self.power >= _LOUD and _LOWEST_HZ <= self.frequency <= _HIGHEST_HZ


class BeepFinder:
    """Finds single tones that stand alone."""

    def __init__(self) -> None:
        self.run: ToneRun | None = None
        """A tone that sounds or has just ended."""
        self._tonal: deque[int] = deque()

    @property
    def is_likely(self) -> bool:
        """Whether there is a tone that may turn out to be a beep within 0.6 s after its end."""
        return self.run is not None and self.run.is_beep()

    def step(self, step: int, line: LineStep) -> ToneRun | None:
        """Take a step; gives a beep once the silence after it was heard."""
        if line.two_tones >= _TONAL and line.power >= _LOUD:
            self._tonal.append(step)
        run = self.run
        if line.is_tone:
            self._sound(step, line)
        elif run is not None and step - run.last > _HOLE:
            if not run.is_beep() or line.power > _SILENT * median(run.powers) or self._is_note(run):
                self.run = None
            elif step - run.last >= _SILENT_STEPS:
                self.run = None
                return run
        return None

    def _sound(self, step: int, line: LineStep) -> None:
        run = self.run
        goes_on = run is not None and step - run.last <= _HOLE
        if run is not None and goes_on and abs(line.frequency / run.frequency - 1) < _STEADY:
            run.last = step
            run.powers.append(line.power)
        else:
            self.run = ToneRun(step, step, line.frequency, [line.power])

    def _is_note(self, run: ToneRun) -> bool:
        while self._tonal and self._tonal[0] < run.first - _TUNE_LASTS:
            self._tonal.popleft()
        return sum(step < run.first for step in self._tonal) >= _TUNE_STEPS
