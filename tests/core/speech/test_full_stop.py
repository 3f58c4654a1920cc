"""What a full stop after a word may mean."""

import pytest

from vision_agents.core.speech.full_stop import FullStop, begins_sentence, full_stop_after, is_address


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        (FullStop.FINAL, "sunny It don't so-called «oui 5% 72°F end) MP3s naïve конец rep gen"),
        (FullStop.NUMBER, "3 2024 3.5 10.0.0.1 10:30 (5 v2 ٣"),
        (FullStop.TITLE, "Dr mr Mrs PROF Gen Sen (Dr e.g i.e vs z.B Ph"),
        (FullStop.REFERENCE, "No no Nos Fig vol Nr"),
        (FullStop.NAME, "J А é U.S u.k a.m P.M Ph.D Inc Ltd etc Jan Sept St Jr"),
        (FullStop.ADDRESS, "example.com me@x x/y C:\\x a_b a=b www.example"),
    ],
)
def test_the_word_decides(meaning: FullStop, words: str) -> None:
    assert {word: full_stop_after(word) for word in words.split()} == dict.fromkeys(words.split(), meaning)


def test_a_full_stop_after_a_blank_may_begin_a_name() -> None:
    assert full_stop_after("") is FullStop.ADDRESS


def test_addresses_have_signs_that_words_have_not() -> None:
    assert is_address("me@example")
    assert not is_address("example")


def test_words_that_begin_sentences_are_not_names() -> None:
    assert begins_sentence("The")
    assert not begins_sentence("Smith")
    assert not begins_sentence("Thereby")
