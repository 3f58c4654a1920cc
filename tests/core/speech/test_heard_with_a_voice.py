"""The estimate of what was heard holds for the voice that comes with the package."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.speech.heard import heard_part

pytest.importorskip("hibari")

from vision_agents.plugins.embedded.engines.hibari import SAMPLE_RATE, HibariVoice

SENTENCES = [
    "It is sunny in Paris today, and the temperature is 72°F.",
    "I have booked your flight to Berlin for the 14th of May.",
    "Would you like me to book a table for two at eight o'clock?",
]


def say(voice: HibariVoice, text: str) -> npt.NDArray[np.float32]:
    return np.concatenate([voice.speak(phonemes) for phonemes in voice.phonemes(text)])


def audible_seconds(samples: npt.NDArray[np.float32]) -> float:
    return float(np.flatnonzero(np.abs(samples) > 0.01)[-1]) / SAMPLE_RATE


def test_at_least_nine_of_ten_cuts_are_within_one_word() -> None:
    voice = HibariVoice.load()
    errors: list[int] = []
    for text in SENTENCES:
        words = text.split()
        total = len(say(voice, text)) / SAMPLE_RATE
        # A word ends about where the sentence ends when it is said only up to that word.
        ends = [0.0, *(audible_seconds(say(voice, " ".join(words[: n + 1]))) for n in range(len(words)))]
        middles = [(begin + end) / 2 for begin, end in pairwise(ends)]
        for at in np.arange(0.02, total, 0.02):
            heard = heard_part(text, played=float(at), total=total, complete=True)
            errors.append(abs(len(heard.split()) - sum(middle <= at for middle in middles)))
    assert sum(error <= 1 for error in errors) >= 0.9 * len(errors)
