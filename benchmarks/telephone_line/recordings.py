"""The voices that the measurements listen to: ten minutes of speech, and forty answered calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.resample import resample

Sound = npt.NDArray[np.float32]
RATE = 8000

FOLDER = Path(__file__).parents[2] / "tests" / "audio" / "telephone"
SPEECH, ANSWERS, INDEX = (FOLDER / name for name in ("speech.ogg", "answers.ogg", "answers.json"))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Somebody, or something, takes the call."""

    text: str
    is_machine: bool
    beeps: bool
    voice: str
    sound: Sound


def _read(path: Path) -> Sound:
    return np.asarray(resample(read_audio(path), RATE).to_float32().samples, np.float32)


@cache
def speech() -> Sound:
    """Ten minutes of sentences, in many voices."""
    return _read(SPEECH)


@cache
def answers() -> tuple[Answer, ...]:
    """Twenty greetings of machines, and twenty people."""
    sound = _read(ANSWERS)
    return tuple(
        Answer(
            text=entry["text"],
            is_machine=entry["kind"] == "voicemail",
            beeps=entry["beep"],
            voice=entry["voice"],
            sound=sound[round(entry["start"] * RATE) : round(entry["end"] * RATE)],
        )
        for entry in json.loads(INDEX.read_text())
    )
