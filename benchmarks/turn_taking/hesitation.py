"""Speech with hesitations: where a part of a sentence ends in the audio, drawn out, and silence put there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from benchmarks.turn_taking.voices import RATE, Sound, Voice

_HOP = RATE // 100
_WINDOW = 2 * _HOP
_AUDIBLE_DB = -40.0
_NEAR = 8
"""Hops around the place that was found, within which the quietest one is cut."""


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as text, cut where the speaker hesitates; `kind` tells what is cut there."""

    kind: str
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.parts)


class Recipe(StrEnum):
    """How a voice hesitates."""

    CUT = "cut"
    """The sentence is spoken in one go, drawn out at the end of a word, and silence put there."""
    COMMA = "comma"
    """The same with a comma in the text, so that the voice phrases it; the comma's silence is made longer."""
    PARTS = "parts"
    """Each part is spoken alone, with three dots; an unfinished part often sounds finished all the same."""


def render(voice: Voice, line: Line, recipe: Recipe) -> list[Sound]:
    """Give the parts of the turn, without silence around them."""
    if len(line.parts) == 1:
        return [trimmed(voice.say(line.text))]
    if recipe is Recipe.PARTS:
        unfinished = [trimmed(voice.say(f"{part.rstrip(',')}...")) for part in line.parts[:-1]]
        return [*unfinished, trimmed(voice.say(line.parts[-1]))]
    pieces = _cut(voice, _phrased(line.parts, recipe))
    return [*(drawn_out(piece) for piece in pieces[:-1]), pieces[-1]]


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


def drawn_out(sound: Sound, *, last: float = 0.25, stretch: float = 1.6) -> Sound:
    """Make the last `last` seconds longer at the same pitch, as people do before they hesitate.

    Windows are laid over one another at a wider step, each taken from where it continues the one before best.
    """
    ending = sound[-round(last * RATE) :]
    width, step, slack = 3 * _HOP, 3 * _HOP // 2, _HOP
    source = np.pad(ending, (slack, 2 * width + slack))
    length = round(len(ending) * stretch)
    longer, weight = np.zeros(length + width, np.float32), np.full(length + width, 1e-3, np.float32)
    taper, at = np.hanning(width).astype(np.float32), slack
    for place in range(0, length, step):
        wanted = round(place / stretch)
        near = np.lib.stride_tricks.sliding_window_view(source[wanted : wanted + 2 * slack + width], width)
        likeness = near @ source[at + step : at + step + width] / (np.linalg.norm(near, axis=1) + 1e-3)
        at = wanted + int(np.argmax(likeness)) if place else slack
        longer[place : place + width] += taper * source[at : at + width]
        weight[place : place + width] += taper
    return np.concatenate([sound[: -len(ending)], (longer / weight)[:length]])


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
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]


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
