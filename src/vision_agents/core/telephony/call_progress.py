"""What happens on the line after dialling: voice that comes and goes, and a beep after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.beep import BeepFinder, LineStep, ToneRun
from vision_agents.core.telephony.line_spectrum import WINDOW, trace_line
from vision_agents.core.telephony.narrowband import STEP_SECONDS, Floats, NarrowbandWindows, Windows
from vision_agents.core.telephony.voice_cadence import VoiceCadence, voiced
from vision_agents.core.types.units import Seconds

_GREETING_STEPS = 30
"""Voice that must have been heard before a tone is a beep: call progress tones come before it."""
_NEWEST: Seconds = 0.02


@dataclass(frozen=True, slots=True)
class VoiceBegan:
    """Somebody, or a recording, talks from `at` on."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class VoiceEnded:
    """Nothing was said since `at`, which is 0.2 s ago."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class BeepBegan:
    """A tone sounds that may be a beep; if it is one, `BeepHeard` comes within 3.2 s."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class BeepHeard:
    """A tone of one frequency was heard after a voice, and 0.5 s of silence after it."""

    start: Seconds
    end: Seconds
    frequency_hz: float


LineEvent: TypeAlias = VoiceBegan | VoiceEnded | BeepBegan | BeepHeard


class CallProgress:
    """Listens to the line from the moment it is answered, or before; times are audio time."""

    def __init__(self) -> None:
        self._windows = NarrowbandWindows(WINDOW)
        self._cadence = VoiceCadence()
        self._beeps = BeepFinder()
        self._told: ToneRun | None = None
        self._past_power: Floats = np.zeros(0, np.float32)

    def push(self, pcm: PcmData) -> list[LineEvent]:
        """Hear the next piece of audio, of any length, rate and format."""
        return self._hear(self._windows.push(pcm))

    def skip(self, duration: Seconds) -> list[LineEvent]:
        """Let `duration` seconds of audio time pass in which nothing came."""
        return self._hear(self._windows.skip(duration))

    def _hear(self, windows: Windows) -> list[LineEvent]:
        trace = trace_line(windows.samples)
        is_voice, self._past_power = voiced(trace, self._past_power)
        first = round(windows.end / STEP_SECONDS)
        news: list[LineEvent] = []
        columns = (trace.power, trace.frequency, trace.purity, trace.two_tones)
        rows = zip(is_voice, *(column.tolist() for column in columns), strict=True)
        for step, (voice, *line) in enumerate(rows, first):
            turn = self._cadence.step(step, voice)
            if turn is not None:
                news.append(self._voice(turn))
            news += self._tone(step, LineStep(*line))
        return news

    def _tone(self, step: int, line: LineStep) -> list[LineEvent]:
        beep = self._beeps.step(step, line)
        if self._cadence.total < _GREETING_STEPS:
            return []
        if beep is not None:
            self._told = None
            return [_beep(beep)]
        if self._beeps.is_likely and self._told is not self._beeps.run:
            self._told = self._beeps.run
            return [BeepBegan(step * STEP_SECONDS)]
        return []

    def _voice(self, step: int) -> VoiceBegan | VoiceEnded:
        end = step * STEP_SECONDS
        return VoiceBegan(max(0.0, end - _NEWEST)) if self._cadence.talking else VoiceEnded(end)


def _beep(run: ToneRun) -> BeepHeard:
    """Say where it was: the first window that shows a tone holds some 30 ms of it."""
    start, end = run.first * STEP_SECONDS - 0.03, run.last * STEP_SECONDS - 0.01
    return BeepHeard(start=start, end=end, frequency_hz=run.frequency)
