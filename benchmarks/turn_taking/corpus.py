"""The spoken calls: made once from the voices on this machine, then read from a folder."""

from __future__ import annotations

import hashlib
import json
import random
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.turn_taking.hesitation import Line, Recipe, joined, render
from benchmarks.turn_taking.voices import RATE, Sound, Voice, embedded_voices, further_voices

TUNING, HELD_OUT = (Path(__file__).with_name(name) for name in ("sentences.txt", "sentences_held_out.txt"))
ONE, TWO, NONE = 5, 2, 3
"""Turns of a call with one hesitation, with two, and without."""
_SEED = 11
_FIRST_HELD_OUT = 100
"""Number, and so seed, of the first call that chooses nothing."""
SHORTEST, LONGEST = 0.3, 1.2
"""Seconds a speaker hesitates."""
_HABIT = 0.2
"""A caller's hesitations are at most this far from the caller's own usual one."""
_RECIPES = (Recipe.COMMA, Recipe.CUT, Recipe.COMMA, Recipe.CUT, Recipe.PARTS)
_LEAD, _GAP = 0.8, 2.6
"""Seconds of room before a call's first turn, and after each turn."""
_LOUDNESS = 0.06
"""Root mean square of speech, of full scale 1."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """One turn in a call's audio; `spans` are the seconds at which each part begins and ends."""

    text: str
    kind: str
    recipe: str
    spans: tuple[tuple[float, float], ...]

    @property
    def hesitates(self) -> bool:
        return len(self.spans) > 1

    @property
    def begin(self) -> float:
        return self.spans[0][0]

    @property
    def end(self) -> float:
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """Ten turns of one caller, in a room with some noise; `held_out` calls choose nothing."""

    name: str
    voice: str
    held_out: bool
    turns: tuple[SpokenTurn, ...]
    samples: npt.NDArray[np.int16]

    @property
    def synthesiser(self) -> str:
        return self.voice.partition("-")[0]


def corpus(folder: Path) -> Iterator[Call]:
    """Give the calls: the embedded voice speaks all of them twice, every other one on this machine once."""
    home = folder / _recipe_digest()
    castings = [(embedded_voices(), 0), (embedded_voices(), 3), *((voices, 0) for voices in further_voices())]
    for path, first in ((TUNING, 0), (HELD_OUT, _FIRST_HELD_OUT)):
        dealt = [
            (voices[(i + again) % len(voices)], lines)
            for voices, again in castings
            for i, lines in enumerate(deal(read_lines(path)))
        ]
        for number, (voice, lines) in enumerate(dealt, start=first):
            yield _obtained(home, voice, lines, number=number)


def read_lines(path: Path) -> list[Line]:
    """Every turn of a file."""
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


def _obtained(home: Path, voice: Voice, lines: list[Line], *, number: int) -> Call:
    """A call from the folder; made and put there if it is not."""
    path = home / f"{number:03}-{voice.name}.wav"
    if not path.with_suffix(".json").exists():
        home.mkdir(parents=True, exist_ok=True)
        _save(path, *_made(voice, lines, number=number))
    return _load(path, voice, held_out=number >= _FIRST_HELD_OUT)


def _made(voice: Voice, lines: list[Line], *, number: int) -> tuple[Sound, list[SpokenTurn]]:
    rng = np.random.default_rng(number)
    habit = rng.uniform(SHORTEST, LONGEST)
    pieces: list[Sound] = [np.zeros(round(_LEAD * RATE), np.float32)]
    turns: list[SpokenTurn] = []
    for line in lines:
        recipe = _RECIPES[int(rng.integers(len(_RECIPES)))]
        pauses = _pauses(rng, habit, len(line.parts) - 1)
        sound, spans = joined(render(voice, line, recipe), pauses)
        begin = sum(len(piece) for piece in pieces) / RATE
        turns.append(
            SpokenTurn(line.text, line.kind, recipe, tuple((begin + a, begin + b) for a, b in spans))
        )
        loudness = _LOUDNESS * 10 ** (rng.uniform(-4, 4) / 20)
        pieces += [sound * np.float32(loudness / _level(sound)), np.zeros(round(_GAP * RATE), np.float32)]
    return _in_a_room(np.concatenate(pieces), rng), turns


def _pauses(rng: np.random.Generator, habit: float, count: int) -> list[float]:
    """Hesitations around the caller's habit; over many callers they are spread from shortest to longest."""
    low, high = max(SHORTEST, habit - _HABIT), min(LONGEST, habit + _HABIT)
    return [round(float(rng.uniform(low, high)), 3) for _ in range(count)]


def _level(sound: Sound) -> float:
    spoken = sound[sound != 0]
    return float(np.sqrt((spoken**2).mean()))


def _in_a_room(speech: Sound, rng: np.random.Generator) -> Sound:
    """Add pink noise, 20 to 30 dB below the speech."""
    spectrum = np.fft.rfft(rng.standard_normal(len(speech)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(speech))
    loudness = _LOUDNESS * 10 ** (-rng.uniform(20, 30) / 20)
    return speech + (noise * (loudness / noise.std())).astype(np.float32)


def _recipe_digest() -> str:
    """Changes with whatever the audio is made from."""
    here = Path(__file__).parent
    sources = (TUNING, HELD_OUT, *(here / f"{name}.py" for name in ("voices", "hesitation", "corpus")))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _save(path: Path, sound: Sound, turns: list[SpokenTurn]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    path.with_suffix(".json").write_text(json.dumps([asdict(turn) for turn in turns], indent=1))


def _load(path: Path, voice: Voice, *, held_out: bool) -> Call:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    rows: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text())
    turns = tuple(
        SpokenTurn(row["text"], row["kind"], row["recipe"], tuple((a, b) for a, b in row["spans"]))
        for row in rows
    )
    return Call(path.stem, voice.name, held_out, turns, samples)
