"""When somebody talks on the line and when not: stretches of voice, without tones and noise."""

from __future__ import annotations

from collections import deque

import numpy as np

from vision_agents.core.telephony.line_spectrum import LineTrace
from vision_agents.core.telephony.narrowband import Floats

_QUIETEST = 10 ** (-50 / 10)
"""Power under which nothing is a voice."""
_ABOVE_NOISE = 4.0
"""How many times the power of the noise a voice has."""
_NOISE_STEPS = 150
"""The noise is what is left in the quietest moment of so many steps: everybody takes a breath in 1.5 s."""
_TONES = 0.9
"""Where one or two tones hold so much of the power, nobody talks."""
_BEGIN_STEPS, _BEGIN_WITHIN = 8, 14
"""So many steps of voice within so many begin a stretch: a click does not."""
_END_STEPS = 20
"""So many steps without voice end a stretch."""


def voiced(trace: LineTrace, past_power: Floats) -> tuple[list[bool], Floats]:
    """Tell for each step whether there is a voice in it; `past_power` is what the last call gave back."""
    power = np.concatenate((past_power, trace.power))
    known = np.concatenate((np.full(_NOISE_STEPS - 1, np.inf, np.float32), power))
    windows = np.lib.stride_tricks.sliding_window_view(known, _NOISE_STEPS)
    noise = windows[len(past_power) :].min(axis=1)
    loud = trace.power > np.maximum(_QUIETEST, _ABOVE_NOISE * noise)
    return (loud & (trace.two_tones < _TONES)).tolist(), power[-(_NOISE_STEPS - 1) :]


class VoiceCadence:
    """Makes stretches of voice from steps."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=_BEGIN_WITHIN)
        self._last_voiced = 0
        self.talking = False
        """Whether a stretch of voice goes on."""
        self.total = 0
        """Steps of voice so far, in stretches."""

    def step(self, step: int, is_voice: bool) -> int | None:  # noqa: FBT001 - a row of two
        """Take a step; gives the one at which a stretch began, or after which it ended, once that is sure."""
        self._recent.append(is_voice)
        if is_voice:
            self._last_voiced = step
            self.total += self.talking
        if self.talking:
            if step - self._last_voiced < _END_STEPS:
                return None
            self.talking = False
            self._recent.clear()
            return self._last_voiced
        if sum(self._recent) < _BEGIN_STEPS:
            return None
        self.talking = True
        self.total += _BEGIN_STEPS
        return step - len(self._recent) + 1 + self._recent.index(True)
