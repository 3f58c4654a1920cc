"""What else is heard on a line: call progress tones, beeps, music, loss and coding."""

from __future__ import annotations

import numpy as np
from benchmarks.telephone_line.recordings import RATE, Sound

PROGRESS = {
    "US ringback": ((440, 480), (2.0, 4.0)),
    "US busy": ((480, 620), (0.5, 0.5)),
    "US congestion": ((480, 620), (0.25, 0.25)),
    "UK ringback": ((400, 450), (0.4, 0.2, 0.4, 2.0)),
    "UK busy": ((400,), (0.375, 0.375)),
    "EU ringback": ((425,), (1.0, 4.0)),
    "EU busy": ((425,), (0.5, 0.5)),
    "EU congestion": ((425,), (0.25, 0.25)),
}
"""Frequencies, and lengths of sound and silence in turn, by name."""


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def tone(frequencies: tuple[float, ...], seconds: float, level_db: float = -16.0) -> Sound:
    """Sines of one level, together `level_db` below a full-scale square, with edges of 3 ms."""
    at = np.arange(round(seconds * RATE)) / RATE
    sound = np.sum([np.sin(2 * np.pi * frequency * at) for frequency in frequencies], axis=0)
    scale = 10 ** (level_db / 20) * np.sqrt(2 / len(frequencies))
    return (scale * sound * np.clip(np.minimum(at, seconds - at) / 0.003, 0, 1)).astype(np.float32)


def progress(name: str, seconds: float) -> Sound:
    """A call progress tone in its cadence."""
    frequencies, cadence = PROGRESS[name]
    parts: list[Sound] = []
    while sum(map(len, parts)) < seconds * RATE:
        for number, length in enumerate(cadence):
            parts.append(silence(length) if number % 2 else tone(frequencies, length))
    return np.concatenate(parts)[: round(seconds * RATE)]


def music(seconds: float, seed: int = 3) -> Sound:
    """Plucked melodies, chords, a held organ and a flute in turn, with rests, from a fixed seed."""
    rng = np.random.default_rng(seed)
    sound = silence(seconds + 16)
    at = 0.0
    while at < seconds:
        style = int(rng.integers(4))
        for _ in range(int(rng.integers(4, 12))):
            length = float(rng.choice([0.125, 0.25, 0.25, 0.5, 1.0]))
            if rng.random() < 0.85:
                note = _note(int(rng.integers(48, 84)), length, style, rng)
                start = round(at * RATE)
                sound[start : start + len(note)] += note[: len(sound) - start]
            at += length
    sound = sound[: round(seconds * RATE)]
    return (sound * 10 ** (-20 / 20) / np.sqrt(np.mean(sound**2))).astype(np.float32)


def _note(key: int, length: float, style: int, rng: np.random.Generator) -> Sound:
    """A plucked string, a plucked chord, a pipe that is held, or a flute."""
    keys = [key, key + int(rng.choice([3, 4])), key + 7] if style == 1 else [key]
    duration = length + (1.0 if style < 2 else 0.05)
    at = np.arange(round(duration * RATE)) / RATE
    shape = np.exp(-3 * at) if style < 2 else np.clip(np.minimum(at, duration - at) / 0.02, 0, 1)
    sound = np.zeros_like(at)
    for pitch in (440 * 2 ** ((each - 69) / 12) for each in keys):
        for harmonic in (1, 2, 3, 4, 5):
            if harmonic * pitch < 3600:
                sound += np.sin(2 * np.pi * harmonic * pitch * at) / harmonic ** (4 if style == 3 else 1)
    return (shape * sound).astype(np.float32)


def noise(length: int, level_db: float, seed: int = 0) -> Sound:
    """White noise, `length` samples long."""
    return (np.random.default_rng(seed).standard_normal(length) * 10 ** (level_db / 20)).astype(np.float32)


def mu_law(sound: Sound) -> Sound:
    """What is left of a sound after a G.711 line."""
    companded = np.sign(sound) * np.log1p(255 * np.minimum(np.abs(sound), 1)) / np.log(256)
    steps = np.rint(companded * 127) / 127
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255).astype(np.float32)


def lossy(sound: Sound, share: float, seed: int) -> Sound:
    """Lose frames of 20 ms, and put silence in their place."""
    frame = RATE // 50
    heard = sound.copy()
    for lost in np.flatnonzero(np.random.default_rng(seed).random(len(sound) // frame) < share):
        heard[lost * frame : (lost + 1) * frame] = 0
    return heard
