"""Keys that are pressed, heard in the audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.dtmf_evidence import SPAN, evidence
from vision_agents.core.telephony.dtmf_keys import KeyTracker
from vision_agents.core.telephony.dtmf_spectrum import WINDOW, ToneTraces, trace
from vision_agents.core.telephony.keypad import KEYS
from vision_agents.core.telephony.narrowband import RATE, STEP_SECONDS, Floats, NarrowbandWindows, Windows
from vision_agents.core.types.units import Seconds

_CENTRE: Seconds = WINDOW / RATE / 2
_LEAD: Seconds = _CENTRE + (SPAN - 1) / 2 * STEP_SECONDS + 0.05
"""How long before the end of its best span a tone of 100 ms began."""


@dataclass(frozen=True, slots=True)
class DigitBegan:
    """A key is pressed; `at` is audio time, mostly 0 to 40 ms early."""

    digit: str
    at: Seconds


@dataclass(frozen=True, slots=True)
class DigitEnded:
    """The key that was pressed last is let go; `at` is audio time, right to about 30 ms."""

    digit: str
    at: Seconds


Keying: TypeAlias = DigitBegan | DigitEnded


class DtmfDecoder:
    """Finds the sixteen keys in one speaker's audio, also beneath speech and with lost frames.

    Tones from 50 ms are found, and the same key twice where 65 ms lie between. A key is told once, however
    long it is held, some 150 ms after it began to sound.
    """

    def __init__(self) -> None:
        self._windows = NarrowbandWindows(WINDOW)
        self._keys = KeyTracker()
        self._past: Floats = np.zeros((0, 4, 8), np.float32)

    def push(self, pcm: PcmData) -> list[Keying]:
        """Hear the next piece of audio, of any length, rate and format."""
        return self._hear(self._windows.push(pcm))

    def skip(self, duration: Seconds) -> list[Keying]:
        """Let `duration` seconds of audio time pass in which nothing came."""
        return self._hear(self._windows.skip(duration))

    def _hear(self, windows: Windows) -> list[Keying]:
        if not len(windows.samples):
            return []
        traces = ToneTraces(np.concatenate((self._past, trace(windows.samples).values)))
        self._past = traces.values[-(SPAN - 1) :]
        if len(traces.values) < SPAN:
            return []
        proofs = evidence(traces)
        last = round(windows.end / STEP_SECONDS) + len(windows.samples) - 1
        return self._follow(last - len(proofs) + 1, proofs, traces.level[SPAN - 1 :])

    def _follow(self, first: int, proofs: Floats, levels: Floats) -> list[Keying]:
        """Go through the steps; those without evidence are passed over while no key sounds."""
        news: list[Keying] = []
        promising = np.flatnonzero(proofs.max(axis=1) >= 0)
        row = 0
        while row < len(proofs):
            if self._keys.is_quiet():
                later = promising[promising >= row]
                if not len(later):
                    break
                row = int(later[0])
            was_sure = self._keys.is_sure
            key = self._keys.step(first + row, proofs[row], levels[row])
            if key is not None and was_sure:
                news.append(DigitEnded(KEYS[key.number], (first + row) * STEP_SECONDS - _CENTRE))
            elif key is not None:
                began = max(0.0, key.step * STEP_SECONDS - _LEAD)
                news.append(DigitBegan(KEYS[key.number], began))
            row += 1
        return news
