"""The beginning of the word in which a voice was cut is found by ear."""

import numpy as np
import pytest

from vision_agents.core.speech.word_start import word_start
from vision_agents.testing.tone_speech import BLANK, LETTER, speak

RATE = 16_000


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3, 0.7])
def test_of_a_short_audio_it_is_the_beginning(seconds: float) -> None:
    audio = speak("a" * 40, sample_rate=RATE).samples[: round(seconds * RATE)].astype(np.int16)
    assert word_start(audio, RATE) == 0


def test_it_is_the_gap_before_the_last_word() -> None:
    words = ["several", "words", "before", "elephant"]
    audio = speak(" ".join(words), sample_rate=RATE).samples.astype(np.int16)
    gap = sum(len(word) for word in words[:3]) * LETTER + 2 * BLANK
    assert gap * RATE <= word_start(audio, RATE) <= (gap + BLANK) * RATE


def test_a_gap_just_before_the_cut_is_too_near() -> None:
    audio = speak("several words before it a", sample_rate=RATE).samples.astype(np.int16)
    before_it = (len("severalwordsbefore") * LETTER + 3 * BLANK) * RATE
    assert word_start(audio, RATE) <= before_it


def test_without_a_gap_it_is_the_quietest_place() -> None:
    rng = np.random.default_rng(1)
    audio = (rng.standard_normal(RATE) * 3000).astype(np.int16)
    audio[10_000:10_400] //= 2
    assert 9_800 <= word_start(audio, RATE) <= 10_400


def test_it_is_never_after_the_end() -> None:
    for length in range(0, 2 * RATE, 777):
        assert 0 <= word_start(np.ones(length, np.int16), RATE) <= length
