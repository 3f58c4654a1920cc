"""Speech that begins at once, is the same every time, and can be understood."""

import re

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.plugins.embedded.engines.hibari import SAMPLE_RATE, HibariVoice
from vision_agents.plugins.embedded.engines.moonshine import Moonshine


def say(hibari: HibariVoice, text: str) -> npt.NDArray[np.float32]:
    return np.concatenate([hibari.speak(phonemes) for phonemes in hibari.phonemes(text)])


def test_it_speaks_from_the_first_hundredth_of_a_second_and_ends_with_a_pause(hibari: HibariVoice) -> None:
    audio = say(hibari, "It is 18 degrees and sunny in Paris.")
    assert audio.dtype == np.float32
    assert np.abs(audio).max() <= 1
    audible = np.flatnonzero(np.abs(audio) > 0.0005) / SAMPLE_RATE
    assert audible[0] <= 0.011
    assert 0.15 < len(audio) / SAMPLE_RATE - audible[-1] < 0.6


def test_the_same_text_gives_the_same_samples(hibari: HibariVoice) -> None:
    np.testing.assert_array_equal(say(hibari, "Hello there."), say(hibari, "Hello there."))


def test_what_it_says_is_understood(hibari: HibariVoice, moonshine: Moonshine) -> None:
    text = "The meeting has been moved to Thursday afternoon."
    audio = say(hibari, text)
    heard = moonshine.transcribe(
        [np.interp(np.arange(0, len(audio), 1.5), np.arange(len(audio)), audio).astype(np.float32)]
    )
    assert re.findall(r"\w+", heard[0].text.lower()) == re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "\u2014", "\U0001f642", "\x00"])
def test_without_a_letter_or_digit_there_is_nothing_to_say(hibari: HibariVoice, text: str) -> None:
    assert hibari.phonemes(text) == []


def test_a_text_of_any_length_comes_in_pieces_that_the_model_can_take(hibari: HibariVoice) -> None:
    pieces = hibari.phonemes("word " * 600)
    assert len(pieces) > 5
    assert max(len(piece) for piece in pieces) <= 400
    assert all(piece.endswith(" ") for piece in pieces[:-1])


@pytest.mark.parametrize("text", ["1" * 500, "a" * 5000, "<b>*hi*</b> http://x.y/z?q=1", "\x00 abc", "x"])
def test_odd_texts_are_spoken_somehow(hibari: HibariVoice, text: str) -> None:
    pieces = hibari.phonemes(text)
    assert pieces
    assert len(hibari.speak(pieces[0])) > SAMPLE_RATE // 4
