"""What the models make of a call, remembered, so that many rules can be tried on it."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.turn_taking.corpus import Call
from benchmarks.turn_taking.voices import RATE

from vision_agents.core.turns.observations import Voice
from vision_agents.plugins.embedded import engines
from vision_agents.plugins.embedded.engines.moonshine import Moonshine
from vision_agents.plugins.embedded.engines.segments import split_at_quietest
from vision_agents.plugins.embedded.engines.silero import WINDOW, Silero, SileroState
from vision_agents.plugins.embedded.engines.smart_turn import SmartTurn
from vision_agents.plugins.embedded.weights.store import obtain


class Models:
    """The speech models, loaded when the first unknown question comes."""

    @cached_property
    def silero(self) -> Silero:
        return Silero.load(obtain("silero-vad")["model"])

    @cached_property
    def _moonshine(self) -> Moonshine:
        return Moonshine.load(obtain("moonshine-tiny-en"))

    @cached_property
    def _smart_turn(self) -> SmartTurn:
        return SmartTurn.load(obtain("smart-turn")["model"])

    def text(self, samples: npt.NDArray[np.float32]) -> str:
        pieces = split_at_quietest(samples, sample_rate=RATE)
        heard = [self._moonshine.transcribe([piece])[0] for piece in pieces]
        return " ".join(piece.text for piece in heard if piece.text).strip()

    def likelihood(self, samples: npt.NDArray[np.float32]) -> float:
        return self._smart_turn.predict(samples)


class Ear:
    """One call as the models hear it; positions are in samples."""

    def __init__(self, call: Call, folder: Path, models: Models) -> None:
        self._call = call
        self._models = models
        home = folder / f"heard-{_engines_digest()}"
        home.mkdir(parents=True, exist_ok=True)
        key = hashlib.sha256(call.samples.tobytes()).hexdigest()[:16]
        self._path = home / f"{call.name}-{key}.json"
        self._known: dict[str, str | float] = {}
        if self._path.exists():
            self._known = json.loads(self._path.read_text())
        self._saved = len(self._known)
        self.windows = self._listen()

    def text(self, begin: int, end: int) -> str:
        """The words between two positions."""
        key = f"text {begin} {end}"
        if key not in self._known:
            self._known[key] = self._models.text(self._float(begin, end))
        return str(self._known[key])

    def likelihood(self, begin: int, end: int) -> float:
        """Whether the turn between two positions sounds finished."""
        key = f"likelihood {begin} {end}"
        if key not in self._known:
            self._known[key] = float(self._models.likelihood(self._float(begin, end)))
        return float(self._known[key])

    def save(self) -> None:
        """Keep what was learnt."""
        if len(self._known) > self._saved:
            self._path.write_text(json.dumps(self._known))
            self._saved = len(self._known)

    def _float(self, begin: int, end: int) -> npt.NDArray[np.float32]:
        return np.multiply(self._call.samples[max(0, begin) : end], 1 / 32768, dtype=np.float32)

    def _listen(self) -> list[Voice]:
        path = self._path.with_suffix(".npy")
        if not path.exists():
            state = SileroState()
            samples = self._float(0, len(self._call.samples) // WINDOW * WINDOW).reshape(-1, 1, WINDOW)
            np.save(path, np.array([self._models.silero.step((state,), window)[0] for window in samples]))
        probabilities = [float(probability) for probability in np.load(path)]
        return [
            Voice(at=(index + 1) * WINDOW / RATE, duration=WINDOW / RATE, probability=probability)
            for index, probability in enumerate(probabilities)
        ]


def _engines_digest() -> str:
    """Changes with the code of the models."""
    sources = sorted(Path(path) for folder in engines.__path__ for path in Path(folder).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
