"""Tone speech can be read back after any real audio path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.testing.tone_speech import BLANK, LETTER, mumble, read_speech, speak

RATES = [16_000, 24_000, 44_100, 48_000]
WORDS = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789'°"), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
).map(" ".join)


@pytest.mark.parametrize("rate", RATES)
def test_what_is_said_is_read_back(rate: int) -> None:
    text = "the quick brown fox jumps over the lazy dog it's 72°f at 0 1 2 3 4 5 6 7 8 9"
    pcm = speak(text, sample_rate=rate)
    assert (pcm.sample_rate, pcm.format, pcm.channels) == (rate, "s16", 1)
    assert read_speech(pcm) == text


@given(text=WORDS, rate=st.sampled_from(RATES))
def test_any_words_are_read_back(text: str, rate: int) -> None:
    assert read_speech(speak(text, sample_rate=rate)) == text


def test_case_and_punctuation_are_lost() -> None:
    assert read_speech(speak("Hello, World! (Really?)")) == "hello world really"


def test_double_letters_stay_two() -> None:
    assert read_speech(speak("aabb aa eee")) == "aabb aa eee"


def test_it_lasts_as_long_as_it_says() -> None:
    assert speak("ab cd").duration == pytest.approx(4 * LETTER + BLANK)
    assert speak("ab cd", pause=0.5).duration == pytest.approx(4 * LETTER + BLANK + 0.5)
    assert speak("", pause=0.5).duration == pytest.approx(0.5)
    assert speak("...").duration == 0


def test_blanks_are_silent_and_letters_are_loud() -> None:
    samples = speak("aa bb", sample_rate=16_000).to_float32().samples
    letters, blank = round(2 * LETTER * 16_000), round(BLANK * 16_000)
    assert np.abs(samples[:letters]).max() == pytest.approx(0.3, abs=0.01)
    assert not samples[letters : letters + blank].any()


def test_what_is_cut_reads_as_its_beginning() -> None:
    text = "one two three four"
    pcm = speak(text)
    read = [read_speech(PcmData(pcm.samples[:end], pcm.sample_rate)) for end in range(0, len(pcm), 160)]
    assert all(text.startswith(part) for part in read)
    assert [len(part) for part in read] == sorted(len(part) for part in read)
    assert len(read[-1]) >= len(text) - 1


@pytest.mark.parametrize("rates", [(16_000, 48_000, 16_000), (24_000, 48_000), (48_000, 16_000, 24_000)])
def test_it_survives_resampling(rates: tuple[int, ...]) -> None:
    pcm = speak("what is the weather in paris", sample_rate=rates[0])
    for rate in rates[1:]:
        pcm = resample(pcm, rate)
    assert read_speech(pcm) == "what is the weather in paris"


def test_it_survives_stereo_floats_and_silence_around_it() -> None:
    pcm = speak("hello there")
    silence = np.zeros(8000, np.int16)
    padded = PcmData(np.concatenate([silence, pcm.samples, silence]), pcm.sample_rate)
    assert read_speech(padded.to_stereo().to_float32()) == "hello there"


@pytest.mark.parametrize("duration", [0.1, 0.3, 2.0])
@pytest.mark.parametrize("rate", RATES)
def test_a_mumble_is_a_voice_without_words(duration: float, rate: int) -> None:
    pcm = mumble(duration, sample_rate=rate)
    assert pcm.duration == pytest.approx(duration)
    assert np.abs(pcm.to_float32().samples).max() > 0.2
    assert read_speech(pcm) == ""


def test_a_mumble_between_words_leaves_them_readable() -> None:
    pieces = [speak("one", pause=0.1), mumble(0.5), speak(" two")]
    pcm = PcmData(np.concatenate([piece.samples for piece in pieces]), 16_000)
    assert read_speech(pcm).split() == ["one", "two"]


@pytest.mark.parametrize("samples", [0, 1, 319, 16_000])
def test_silence_reads_as_nothing(samples: int) -> None:
    assert read_speech(PcmData(np.zeros(samples, np.int16), 16_000)) == ""
