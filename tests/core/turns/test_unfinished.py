"""Words that stop where a sentence goes on."""

import pytest

from vision_agents.core.turns.unfinished import sounds_open


@pytest.mark.parametrize(
    "text",
    [
        "my number is",
        "I want to",
        "and",
        "Because...",
        "the",
        "well, um,",
        "it's for my",
        "I'm",
        "So I’m",
        "We need milk, eggs,",
    ],
)
def test_words_that_end_no_sentence_are_open(text: str) -> None:
    assert sounds_open(text)


@pytest.mark.parametrize("text", ["If it rains tomorrow.", "And when we got there", "As soon as she is home"])
def test_a_clause_with_nothing_after_it_is_open(text: str) -> None:
    assert sounds_open(text)


@pytest.mark.parametrize("text", ["My phone number is 555.", "The code is 4 7", "It was 20."])
def test_a_number_that_is_too_short_is_open(text: str) -> None:
    assert sounds_open(text)


@pytest.mark.parametrize("text", ["", "it is noon", "who is?", "I want that", "is it!", "island", "..."])
def test_words_that_may_end_are_not(text: str) -> None:
    assert not sounds_open(text)


@pytest.mark.parametrize(
    "text",
    [
        "Yes, it is.",
        "What is it for?",
        "If it rains tomorrow, we stay.",
        "When is he coming?",
        "My number is 555 12 12.",
        "I waited for 20 minutes.",
        "I was there in 1999.",
        "Is your number 555?",
    ],
)
def test_whole_sentences_are_not(text: str) -> None:
    assert not sounds_open(text)
