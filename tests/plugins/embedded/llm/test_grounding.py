"""Calls whose arguments come from nowhere are not let through."""

from typing import Any

import pytest

from vision_agents.core.functions.schema import ToolSchema
from vision_agents.plugins.embedded.llm.grounding import grounded, same_call, words_of
from vision_agents.plugins.embedded.llm.reply_stream import WrittenCall
from vision_agents.plugins.embedded.llm.shapes import tool_shape

TEXT = {"type": "string"}


def check(said: str, value: object, schema: dict[str, Any] | None = None) -> bool:
    parameters = {"type": "object", "properties": {"x": schema or TEXT}, "required": ["x"]}
    tool = tool_shape(ToolSchema("do", "Do it.", parameters))
    return grounded(WrittenCall("do", {"x": value}), tool, words_of([said])) is not None


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("what is the weather in paris", "Paris"),
        ("Wake me up at seven in the morning.", "7 AM"),
        ("wake me at 6:30", "6:30"),
        ("Find me a flight to Lisbon", "Lisboa"),
        ("How do you say it in French?", "fr"),
        ("i want to fly to new york", "New York City"),
        ("Text Maria that I will be late", "I will be late"),
        ("Call J", "J"),
    ],
)
def test_words_of_the_user_may_be_reshaped(said: str, value: str) -> None:
    assert check(said, value)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("When did the war end?", "French"),
        ("i am tired today", "10:00 AM"),
        ("Put on some jazz", "The Beatles"),
        ("Who painted the Mona Lisa?", "Monica Lee"),
        ("yes please", ""),
        ("a b c", "to"),
    ],
)
def test_an_invented_text_is_seen(said: str, value: str) -> None:
    assert not check(said, value)


@pytest.mark.parametrize("said", ["two people", "at 5", "a dozen eggs", "Half an hour"])
def test_a_number_needs_a_number(said: str) -> None:
    assert check(said, 30, {"type": "integer"})
    assert not check("yes please", 30, {"type": "integer"})


def test_every_item_of_a_list_counts_and_choices_are_free() -> None:
    texts = {"type": "array", "items": TEXT}
    assert check("eggs and tomatoes", ["eggs", "tomato"], texts)
    assert not check("eggs and tomatoes", ["eggs", "butter"], texts)
    assert check("it is dark", "on", {"enum": ["on", "off"]})
    assert check("it is dark", True, {"type": "boolean"})


def test_an_optional_argument_from_nowhere_is_left_out() -> None:
    parameters = {"type": "object", "properties": {"to": TEXT, "date": TEXT}, "required": ["to"]}
    call = WrittenCall("fly", {"to": "Rome", "date": "2023-04-15"})
    tool = tool_shape(ToolSchema("fly", "Fly.", parameters))
    assert grounded(call, tool, words_of(["a flight to rome"])) == WrittenCall("fly", {"to": "Rome"})
    told = WrittenCall("fly", {"to": "Rome", "date": "April 15"})
    assert grounded(told, tool, words_of(["a flight to rome on april 15"])) == told


def test_capitals_make_no_other_call() -> None:
    assert same_call(WrittenCall("w", {"city": "paris"}), "w", {"city": "Paris"})
    assert not same_call(WrittenCall("w", {"city": "paris"}), "w", {"city": "Rome"})
    assert not same_call(WrittenCall("w", {"city": "paris"}), "v", {"city": "paris"})
