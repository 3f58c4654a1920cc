"""What was heard of a sentence that was cut is known to within a word."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.heard import heard_part
from vision_agents.testing.tone_speech import read_speech, speak

STEP = 0.02


class Spoken(TypedDict):
    """A sentence of a real voice: its length, and when each of its words begins and ends, in seconds."""

    text: str
    seconds: float
    starts: list[float]
    ends: list[float]


VOICE: list[Spoken] = json.loads(Path(__file__).with_name("word_times.json").read_text("utf-8"))


def words_heard(spoken: Spoken, at: float) -> int:
    middles = [(start + end) / 2 for start, end in zip(spoken["starts"], spoken["ends"], strict=True)]
    return sum(middle <= at for middle in middles)


def misses(cuts: Sequence[float], heard: Callable[[float], str], words: Callable[[float], int]) -> list[int]:
    return [abs(len(heard(at).split()) - words(at)) for at in cuts]


def share_within_one_word(errors: Sequence[int]) -> float:
    return sum(error <= 1 for error in errors) / len(errors)


def test_at_least_nine_of_ten_cuts_of_a_real_voice_are_within_one_word() -> None:
    errors: list[int] = []
    for spoken in VOICE:
        text, seconds = spoken["text"], spoken["seconds"]
        errors += misses(
            list(np.arange(STEP, seconds, STEP)),
            lambda at, text=text, seconds=seconds: heard_part(text, played=at, total=seconds, complete=True),
            lambda at, spoken=spoken: words_heard(spoken, at),
        )
    assert len(errors) > 5000
    assert share_within_one_word(errors) >= 0.97
    assert max(errors) <= 3


def test_a_voice_that_was_cut_while_it_was_made_is_known_nearly_as_well() -> None:
    errors: list[int] = []
    for spoken in VOICE:
        text, seconds = spoken["text"], spoken["seconds"]
        errors += misses(
            list(np.arange(STEP, seconds / 2, STEP)),
            lambda at, text=text: heard_part(text, played=at, total=at + 0.2, complete=False),
            lambda at, spoken=spoken: words_heard(spoken, at),
        )
    assert share_within_one_word(errors) >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        "It is sunny in Paris today, and the air is mild.",
        "One two three four five six seven eight nine ten.",
        "Internationalisation is a complicated undertaking.",
        "I can set a timer, play music, or tell you the news!",
    ],
)
def test_cuts_of_tone_speech_are_within_one_word(text: str) -> None:
    pcm = speak(text, pause=0.1)

    def words(at: float) -> int:
        played = PcmData(pcm.samples[: round(at * pcm.sample_rate)], pcm.sample_rate)
        return len(read_speech(played).split())

    errors = misses(
        list(np.arange(STEP, pcm.duration, STEP)),
        lambda at: heard_part(text, played=at, total=pcm.duration, complete=True),
        words,
    )
    assert share_within_one_word(errors) >= 0.9


sentences = st.text(st.sampled_from("ab1,.!? °$你ก\u0e34"), max_size=60)
lengths = st.floats(0, 100, allow_nan=False)


@given(text=sentences, played=st.lists(lengths, min_size=2), total=lengths, complete=st.booleans())
def test_more_audio_is_never_fewer_words(
    text: str, played: list[float], total: float, complete: bool
) -> None:
    heard = [heard_part(text, played=at, total=total, complete=complete) for at in sorted(played)]
    assert heard == sorted(heard, key=len)
    assert all(text.startswith(part) for part in heard)


@given(text=sentences, total=lengths)
def test_a_sentence_played_to_its_end_was_heard(text: str, total: float) -> None:
    assert heard_part(text, played=total, total=total, complete=True) == text


@given(total=st.floats(0.1, 100), complete=st.booleans())
def test_of_a_sentence_that_was_not_begun_nothing_was_heard(total: float, complete: bool) -> None:
    assert heard_part("Hello there.", played=0.0, total=total, complete=complete) == ""


def test_a_sentence_is_never_taken_as_whole_while_its_audio_is_being_made() -> None:
    assert heard_part("One two three four five.", played=0.3, total=0.3, complete=False) == "One two"


def test_a_text_without_blanks_is_cut_between_its_letters() -> None:
    assert heard_part("今天天气很好。", played=0.9, total=2.3, complete=True) == "今天天"
    assert heard_part("ที่นี่ดี", played=0.9, total=1.5, complete=True) == "ที่นี่"


def test_numbers_take_longer_than_words_of_their_length() -> None:
    assert heard_part("1969 was good.", played=0.9, total=2.0, complete=True) == "1969"
    assert heard_part("Noon was good.", played=0.9, total=2.0, complete=True) == "Noon was"
