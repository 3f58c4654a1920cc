"""Speech with pauses in it: where a part of a sentence ends in the audio, and silence put there."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from benchmarks.turn_taking.sentences import Line
from benchmarks.turn_taking.voices import RATE, Sound, Voice

_HOP = RATE // 100
_WINDOW = 2 * _HOP
_AUDIBLE_DB = -40.0
_NEAR = 8
"""Hops around the place that was found, within which the quietest one is cut."""


class Recipe(StrEnum):
    """How a voice hesitates."""

    CUT = "cut"
    """The sentence is spoken in one go, and silence is put between two words: no sign of an end at all."""
    COMMA = "comma"
    """The sentence has a comma there, so that the voice phrases it, and the comma's silence is made longer."""
    PARTS = "parts"
    """Each part is spoken alone, so that an unfinished part often sounds finished."""


def render(voice: Voice, line: Line, recipe: Recipe) -> list[Sound]:
    """Give the parts of the turn, without silence around them."""
    if len(line.parts) == 1:
        return [trimmed(voice.say(line.text))]
    if recipe is Recipe.PARTS:
        return [trimmed(voice.say(part)) for part in line.parts]
    return _cut(voice, _phrased(line.parts, recipe))


def joined(parts: Sequence[Sound], pauses: Sequence[float]) -> tuple[Sound, list[tuple[float, float]]]:
    """Put the pauses (in seconds) between the parts; gives the sound and where each part is, in seconds."""
    pieces: list[Sound] = []
    spans: list[tuple[float, float]] = []
    at = 0
    for part, pause in zip(parts, (*pauses, 0.0), strict=True):
        spans.append((at / RATE, (at + len(part)) / RATE))
        pieces += [_faded(part), np.zeros(round(pause * RATE), np.float32)]
        at += len(pieces[-2]) + len(pieces[-1])
    return np.concatenate(pieces), spans


def trimmed(sound: Sound) -> Sound:
    """Take away what is not heard before the first and after the last sound."""
    level = _levels(sound)
    audible = np.flatnonzero(level > level.max() + _AUDIBLE_DB)
    return sound[audible[0] * _HOP : (audible[-1] + 1) * _HOP]


def _phrased(parts: Sequence[str], recipe: Recipe) -> list[str]:
    if recipe is Recipe.CUT:
        return list(parts)
    return [*(part if part.endswith(",") else f"{part}," for part in parts[:-1]), parts[-1]]


def _cut(voice: Voice, parts: Sequence[str]) -> list[Sound]:
    whole = trimmed(voice.say(" ".join(parts)))
    begin, pieces = 0, list[Sound]()
    for count in range(1, len(parts)):
        end = _find_end(trimmed(voice.say(" ".join(parts[:count]))), whole)
        pieces.append(trimmed(whole[begin:end]))
        begin = end
    return [*pieces, trimmed(whole[begin:])]


def _find_end(beginning: Sound, whole: Sound) -> int:
    """Tell the sample of `whole` at which what is said in `beginning` ends.

    The two are laid over one another so that they sound most alike (dynamic time warping), for the same
    words are spoken at another pace before a pause.
    """
    short, long = _spectra(beginning), _spectra(whole)
    distance = np.linalg.norm(short[:, None, :] - long[None, :, :], axis=2)
    cost = np.full(len(long) + 2, np.inf)
    cost[2] = distance[0, 0]
    for row in distance[1:]:
        cost[2:] = np.minimum(np.minimum(cost[2:], cost[1:-1]), cost[:-2]) + row
    found = int(np.argmin(cost[2:]))
    near = _levels(whole)[max(0, found - _NEAR) : found + _NEAR + 1]
    return (max(0, found - _NEAR) + int(np.argmin(near))) * _HOP + _HOP // 2


def _frames(sound: Sound) -> npt.NDArray[np.float32]:
    padded = np.pad(sound, (0, _WINDOW))
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[:: _HOP]


def _levels(sound: Sound) -> npt.NDArray[np.float32]:
    """Loudness of each 10 ms, in dB."""
    whole = sound[: len(sound) // _HOP * _HOP].reshape(-1, _HOP)
    return 10 * np.log10((whole**2).mean(axis=1) + 1e-10)


def _spectra(sound: Sound) -> npt.NDArray[np.float32]:
    """Log spectrum of each 10 ms in 20 bands."""
    power = np.abs(np.fft.rfft(_frames(sound) * np.hanning(_WINDOW), axis=1)) ** 2
    return np.log(power[:, :160].reshape(-1, 20, 8).sum(axis=2) + 1e-5).astype(np.float32)


def _faded(part: Sound) -> Sound:
    ramp = np.linspace(0, 1, RATE // 200, dtype=np.float32)
    part = part.copy()
    part[: len(ramp)] *= ramp
    part[-len(ramp) :] *= ramp[::-1]
    return part
