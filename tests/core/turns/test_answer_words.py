"""What the first words of a call tell, and how a model's verdict is read."""

import pytest

from vision_agents.core.turns.answer_events import AnsweredBy
from vision_agents.core.turns.answer_words import ANSWER_FORMAT, read_verdict, who_says


@pytest.mark.parametrize(
    ("text", "answered_by"),
    [
        ("Hello?", "human"),
        ("Yes, hello.", "human"),
        ("Yes, this is Anna speaking.", "human"),
        ("Good morning, Miller and Sons, how can I help you?", "human"),
        ("Who's calling please", "human"),
        ("Law offices of Brown and Baker, how may I direct your call", "human"),
        ("Hi, you've reached Emma. Leave a message and have a great day.", "voicemail"),
        ("Please speak after the tone.", "voicemail"),
        ("The person you are calling is not available.", "voicemail"),
        ("I can't come to the phone right now.", "voicemail"),
        ("Your call has been forwarded to an automatic voice message system.", "voicemail"),
        ("For sales, press 1. For support, press two.", "ivr"),
        ("Please listen carefully to the following options.", "ivr"),
        ("The number you have dialed is not in service.", "unavailable"),
        ("Your call cannot be completed as dialed.", "unavailable"),
        ("Hi, please state your name and the reason for your call.", "screening"),
    ],
)
def test_some_words_tell_who_it_is(text: str, answered_by: str) -> None:
    assert who_says(text) == answered_by


@pytest.mark.parametrize(
    "text", ["", "...", "Peter Brown.", "Hi, Tom here.", "Hello, this is Peter.", "Golden Lion."]
)
def test_others_could_be_anybodys(text: str) -> None:
    assert who_says(text) is None


@pytest.mark.parametrize(
    ("answer", "answered_by"),
    [
        ("human", "human"),
        ("Voicemail.", "voicemail"),
        (" ivr\n", "ivr"),
        ("not voicemail", "uncertain"),
        ("The answer is: ivr", "uncertain"),
        ("**screening**", "screening"),
        ("uncertain", "uncertain"),
        ("yes", "uncertain"),
        ("It was yesterday", "uncertain"),
        ("humane", "uncertain"),
        ("non-voicemails", "uncertain"),
        ("", "uncertain"),
    ],
)
def test_defect_22_a_verdict_is_a_whole_word_and_an_unclear_one_is_no_person(
    answer: str, answered_by: str
) -> None:
    assert read_verdict(answer) == answered_by


def test_the_format_that_a_prompt_ends_with_names_every_verdict() -> None:
    assert all(kind.value in ANSWER_FORMAT for kind in AnsweredBy)
