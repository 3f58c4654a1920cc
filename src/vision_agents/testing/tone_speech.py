"""Speech for tests: text as audio that can be read back, letter by letter, after any real audio path.

Each letter is a short tone, each blank a short silence. What is cut in the middle reads back as the part
that was heard.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData, Samples
from vision_agents.core.audio.resample import resample
from vision_agents.core.types.units import Seconds

LETTER: Seconds = 0.04
"""Length of a letter: "How are you?" takes about half a second."""
BLANK: Seconds = 0.06

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789'°"
_LOWEST, _STEP = 500.0, 100.0
_MUMBLE_HZ = 250.0
"""Below every letter: a voice, but no words."""
_AMPLITUDE = 0.3

_RATE = 16_000
_HOP, _WINDOW = 160, 320
_BINS = 2048
_QUIET = 0.02


def speak(text: str, *, sample_rate: int = 16_000, pause: Seconds = 0.0) -> PcmData:
    """Say `text`, and `pause` seconds of silence after it.

    Letters, digits, ' and ° are spoken, everything else is a blank. Case is lost.
    """
    parts: list[npt.NDArray[np.float64]] = []
    for position, character in enumerate(_normal(text)):
        if character == " ":
            parts.append(np.zeros(round(BLANK * sample_rate)))
        else:
            parts.append(_tone(_pitch(character, position), LETTER, sample_rate))
    parts.append(np.zeros(round(pause * sample_rate)))
    return _pcm(np.concatenate(parts), sample_rate)


def mumble(duration: Seconds, *, sample_rate: int = 16_000) -> PcmData:
    """Make a voice without words: a cough when short, a mumble when long."""
    return _pcm(_tone(_MUMBLE_HZ, duration, sample_rate), sample_rate)


def read_speech(pcm: PcmData) -> str:
    """Read back what was said; silence and mumbling read as nothing."""
    samples = resample(pcm.to_mono().to_int16(), _RATE).to_float32().samples
    if len(samples) < _WINDOW:
        return ""
    letters: list[str] = []
    last, run = "", 0
    for heard in _heard(samples):
        run = run + 1 if heard == last else 1
        last = heard
        if run == 2 and (heard != " " or (letters and letters[-1] != " ")):
            letters.append(heard[0])
    return "".join(letters).replace("~", "").strip()


def _heard(samples: Samples) -> list[str]:
    """What each 20 ms window holds: a letter and its variant, a blank, or ``~`` for a voice without words."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    loud = np.sqrt((windows**2).mean(axis=1)) > _QUIET
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), _BINS))
    peaks = spectrum.argmax(axis=1) * _RATE / _BINS
    return [_letter(float(peak)) if is_loud else " " for peak, is_loud in zip(peaks, loud, strict=True)]


def _normal(text: str) -> str:
    spoken = "".join(c if c in _ALPHABET else " " for c in text.lower())
    return " ".join(spoken.split())


def _pitch(character: str, position: int) -> float:
    """Neighbouring letters differ by half a step, so that double letters stay two."""
    return _LOWEST + _STEP * _ALPHABET.index(character) + _STEP / 2 * (position % 2)


def _letter(pitch: float) -> str:
    halves = round((pitch - _LOWEST) / (_STEP / 2))
    if not 0 <= halves < 2 * len(_ALPHABET):
        return "~"
    return _ALPHABET[halves // 2] + str(halves % 2)


def _tone(pitch: float, duration: Seconds, sample_rate: int) -> npt.NDArray[np.float64]:
    return _AMPLITUDE * np.sin(2 * np.pi * pitch * np.arange(round(duration * sample_rate)) / sample_rate)


def _pcm(wave: npt.NDArray[np.float64], sample_rate: int) -> PcmData:
    return PcmData((wave * 32767).astype(np.int16), sample_rate)
