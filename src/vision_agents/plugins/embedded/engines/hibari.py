"""Hibari: English text to speech with the one voice that its package brings."""

from __future__ import annotations

import importlib
import re
import threading
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vision_agents.plugins.embedded.engines.onnx import runtime

SAMPLE_RATE = 24_000
# The package cuts longer phrases at commas, but leaves them whole where there is none.
_MAX_PHONEMES = 400
# The package has names for numbers of up to 36 digits, and fails on longer ones.
_LONG_NUMBER = re.compile(r"\d{25,}")
_AUDIBLE = 0.0005
_LEAD = SAMPLE_RATE // 100
# The same noise every time: the same text gives the same samples.
_SEED = 0


class _Synthesiser(Protocol):
    """What is used of ``hibari.Hibari``."""

    def phonemize(self, text: str) -> list[str]: ...

    def from_phonemes(
        self, phonemes: str, speed: float = 1.0, seed: int | None = None
    ) -> npt.NDArray[np.float32]: ...


class HibariVoice:
    """The voice; one instance serves any number of sessions, from any thread."""

    def __init__(self, synthesiser: _Synthesiser) -> None:
        self._synthesiser = synthesiser
        # Its grammar keeps caches that are not made for two threads; the model itself is.
        self._grammar = threading.Lock()

    @classmethod
    def load(cls) -> HibariVoice:
        """Open the weights and speak once: the first sentence takes 300 ms, the next ones 10 to 40."""
        runtime()
        module: Any = importlib.import_module("hibari")
        voice = cls(module.Hibari(threads=1))
        for phonemes in voice.phonemes("It is ready, at 10 to 9."):
            voice.speak(phonemes)
        return voice

    def phonemes(self, text: str) -> list[str]:
        """Turn text into phrases of phonemes, each short enough to speak at once; 1 to 2 ms of work.

        Text without a letter or digit gives none.
        """
        if not any(character.isalnum() for character in text):
            return []
        readable = _LONG_NUMBER.sub(lambda digits: " ".join(digits[0]), text)
        with self._grammar:
            phrases = self._synthesiser.phonemize(readable)
        return [piece for phrase in phrases for piece in _cut(phrase)]

    def speak(self, phonemes: str) -> npt.NDArray[np.float32]:
        """Give the audio of one phrase, float32 mono at 24 kHz in [-1, 1]; 10 to 40 ms of work.

        It begins with the first sound and ends with a pause of about 0.3 s.
        """
        audio = np.clip(self._synthesiser.from_phonemes(phonemes, seed=_SEED), -1.0, 1.0)
        # The model begins with 0.3 s of silence, for which a caller would only wait.
        first = int(np.argmax(np.abs(audio) > _AUDIBLE)) if len(audio) else 0
        return audio[max(0, first - _LEAD) :]


def _cut(phonemes: str) -> list[str]:
    """A phrase in pieces that the model can take, cut between words where there are any."""
    pieces: list[str] = []
    while len(phonemes) > _MAX_PHONEMES:
        cut = phonemes.rfind(" ", 1, _MAX_PHONEMES) + 1 or _MAX_PHONEMES
        pieces.append(phonemes[:cut])
        phonemes = phonemes[cut:]
    return [*pieces, phonemes]
