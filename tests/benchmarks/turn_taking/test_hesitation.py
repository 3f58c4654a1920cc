"""Where a part of a sentence ends in the audio, and what is put there."""

import numpy as np
import pytest
from benchmarks.turn_taking.hesitation import Line, Recipe, drawn_out, joined, render, trimmed
from benchmarks.turn_taking.voices import RATE, Sound, Voice

WORD = 0.3
PITCHES = {"one": 300, "two": 500, "three": 800, "four": 1300}


def tone(pitch: int, seconds: float) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def say(text: str) -> Sound:
    """Give each word a tone, with a short silence around the whole."""
    silence = np.zeros(RATE // 10, np.float32)
    words = [tone(PITCHES[word.strip(",.")], WORD) for word in text.split()]
    return np.concatenate([silence, *words, silence])


VOICE = Voice("tones", say)


def seconds(part: Sound) -> float:
    return len(part) / RATE


@pytest.mark.parametrize("recipe", [Recipe.CUT, Recipe.COMMA])
def test_a_sentence_is_cut_where_the_part_ends_and_drawn_out_there(recipe: Recipe) -> None:
    parts = render(VOICE, Line("two", ("one two", "three", "four")), recipe)
    drawl = 0.25 * 0.6
    assert [seconds(part) for part in parts] == pytest.approx([2 * WORD + drawl, WORD + drawl, WORD], abs=0.1)


def test_parts_spoken_alone_are_only_trimmed() -> None:
    parts = render(VOICE, Line("copula", ("one two", "three")), Recipe.PARTS)
    assert [seconds(part) for part in parts] == pytest.approx([2 * WORD, WORD], abs=0.02)


def test_pauses_are_put_between_the_parts_and_the_spans_tell_where_they_are() -> None:
    sound, spans = joined([tone(300, 0.5), tone(500, 0.25)], [0.7])
    assert spans == [pytest.approx((0.0, 0.5)), pytest.approx((1.2, 1.45))]
    assert seconds(sound) == pytest.approx(1.45)
    assert not sound[round(0.5 * RATE) : round(1.2 * RATE)].any()


def test_a_drawl_is_longer_at_the_same_pitch() -> None:
    longer = drawn_out(tone(500, 1.0))
    assert seconds(longer) == pytest.approx(1.15)
    spectrum = np.abs(np.fft.rfft(longer[-RATE // 4 :] * np.hanning(RATE // 4)))
    assert abs(int(np.argmax(spectrum)) * 4 - 500) <= 8


def test_silence_around_speech_is_taken_away() -> None:
    assert seconds(trimmed(say("one"))) == pytest.approx(WORD, abs=0.02)
