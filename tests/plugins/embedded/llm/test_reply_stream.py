"""The JSON of a model is read while it is written, wherever the pieces are cut."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.plugins.embedded.llm.reply_stream import AnswerReader, StringReader, WrittenCall


def pieces(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[begin:end] for begin, end in itertools.pairwise(edges)]


anything = st.text(st.characters(codec="utf-8"), max_size=40)
short = st.text(st.characters(codec="utf-8"), max_size=5)
values = short | st.integers() | st.booleans() | st.just("}}") | st.just('"}}')
cuts = st.lists(st.integers(min_value=0, max_value=10_000), max_size=12)


@given(text=anything, cut=cuts, ascii_only=st.booleans())
def test_a_string_says_the_same_wherever_it_is_cut(text: str, cut: list[int], ascii_only: bool) -> None:
    written = json.dumps(text, ensure_ascii=ascii_only)[1:]
    reader = StringReader()
    assert "".join(reader.feed(piece) for piece in pieces(written, cut)) == text
    assert reader.done


@given(text=anything, cut=cuts)
def test_what_was_given_is_never_taken_back(text: str, cut: list[int]) -> None:
    reader, said = StringReader(), ""
    for piece in pieces(json.dumps(text)[1:], cut):
        said += reader.feed(piece)
        assert text.startswith(said)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'\ud83d"', "\ufffd"),
        (r'\ude00 x"', "\ufffd x"),
        (r'\ud83dx"', "\ufffdx"),
        (r'\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'\/\b\f\n\r\t\"\\" and what follows is not said', '/\b\f\n\r\t"\\'),
    ],
)
def test_half_a_character_is_replaced_and_every_escape_is_known(written: str, text: str) -> None:
    reader = StringReader()
    assert "".join(reader.feed(char) for char in written) == text


def test_a_reply_is_heard_before_it_is_complete() -> None:
    reader = AnswerReader("reply", opening='{"')
    assert [reader.feed(piece) for piece in ["reply", '": "', "Hello", " th", 'ere."}']] == [
        "",
        "",
        "Hello",
        " th",
        "ere.",
    ]
    assert reader.talks
    assert reader.call is None


@given(
    name=st.sampled_from(["reply_to", "größe", 'a"b', "\\"]),
    arguments=st.dictionaries(short, values | st.dictionaries(short, values, max_size=2), max_size=3),
    cut=cuts,
)
def test_a_call_is_known_when_it_is_complete_and_not_before(
    name: str, arguments: dict[str, object], cut: list[int]
) -> None:
    written = json.dumps({name: arguments})
    reader = AnswerReader("reply", opening=written[:2])
    *early, last = pieces(written[2:], cut)
    assert "".join(reader.feed(piece) for piece in early) == ""
    assert reader.call is None
    assert reader.feed(last) == ""
    assert reader.call == WrittenCall(name, arguments)
    assert not reader.talks
