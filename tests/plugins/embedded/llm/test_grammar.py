"""The grammar allows the calls that a tool takes and no others.

It is regular, so that the tests translate it into a regular expression and ask that.
"""

import functools
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.functions.schema import ToolSchema
from vision_agents.plugins.embedded.llm.grammar import OPENING, answer_grammar, reply_key
from vision_agents.plugins.embedded.llm.shapes import tool_shape

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{[\d,]+\}|[a-z]+|[|()?+*]|\s+')


@functools.cache
def expression(grammar: str) -> re.Pattern[str]:
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())

    def translate(rule: str) -> str:
        tokens = _TOKEN.findall(rule)
        assert "".join(tokens) == rule, "the translation does not know all of the syntax"
        return "".join(map(translated, tokens))

    def translated(token: str) -> str:
        if token[0] == '"':
            return f"(?:{re.escape(json.loads(token))})"
        if token[0].isalpha():
            return f"(?:{translate(rules[token])})"
        return "(?:" if token == "(" else token.strip()

    return re.compile(translate(rules["root"]), re.DOTALL)


def tool(name: str, required: list[str] | None = None, **properties: Any) -> ToolSchema:
    return ToolSchema(
        name, "Does it.", {"type": "object", "properties": properties, "required": required or []}
    )


TEXT = {"type": "string"}
ODD = tool(
    'say "hi"\\',
    ["größe", "mode"],
    größe={"type": "integer"},
    mode={"enum": ["a", 'b"\\', 3, None]},
    on={"type": "boolean"},
    tags={"type": "array", "items": TEXT},
    place={"type": "object", "properties": {"city": TEXT, "zip": TEXT}, "required": ["city"]},
)
OPTIONAL = tool("look", a=TEXT, b={"type": "number", "minimum": 0}, c={"type": "boolean"})
BARE = tool("stop")


def accepts(call: object, *tools: ToolSchema, may_reply: bool = True) -> bool:
    shapes = [tool_shape(tool) for tool in tools]
    grammar = answer_grammar(shapes, key=reply_key(shapes), may_reply=may_reply)
    written = json.dumps(call, ensure_ascii=False)
    assert written.startswith(OPENING)
    return expression(grammar).fullmatch(written[len(OPENING) :]) is not None


printable = st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1, max_size=30).filter(
    lambda text: "\x7f" not in text
)


def place(city: str, code: str | None) -> dict[str, str]:
    return {"city": city, "zip": code} if code else {"city": city}


@st.composite
def optional_parts(draw: st.DrawFn) -> dict[str, object]:
    parts: dict[str, object] = {
        "on": draw(st.booleans()),
        "tags": draw(st.lists(printable, max_size=8)),
        "place": draw(st.builds(place, printable, st.none() | printable)),
    }
    kept = draw(st.sets(st.sampled_from(list(parts))))
    return {name: value for name, value in parts.items() if name in kept}


@given(
    size=st.integers(-999_999_999, 999_999_999),
    mode=st.sampled_from(["a", 'b"\\', 3]),
    rest=optional_parts(),
)
def test_every_call_that_the_schema_allows_can_be_written(
    size: int, mode: object, rest: dict[str, object]
) -> None:
    assert accepts({ODD.name: {"größe": size, "mode": mode} | rest}, ODD, BARE)


@given(given_parts=st.sets(st.sampled_from("abc")))
def test_optional_arguments_alone_need_no_comma_before_the_first(given_parts: set[str]) -> None:
    values = {"a": "x", "b": 1.5, "c": True}
    assert accepts({"look": {key: values[key] for key in sorted(given_parts)}}, OPTIONAL)


@given(words=printable)
def test_any_words_can_be_said(words: str) -> None:
    assert accepts({"reply": words}, ODD)


@pytest.mark.parametrize(
    "call",
    [
        {"other": {}},
        {"stop": {"now": True}},
        {"look": {"b": -1}},
        {"look": {"b": 12345678901234}},
        {"look": {"a": ""}},
        {"look": {"a": "x" * 201}},
        {"look": {"c": "true"}},
        {"look": {"c": True, "a": "x"}},
        {ODD.name: {"mode": "a"}},
        {ODD.name: {"größe": 1.5, "mode": "a"}},
        {ODD.name: {"größe": 1, "mode": "c"}},
        {ODD.name: {"größe": 1, "mode": None}},
        {ODD.name: {"größe": 1, "mode": "a", "place": {}}},
        {ODD.name: {"größe": 1, "mode": "a", "tags": list("123456789")}},
        {"reply": ""},
        {"reply": {"text": "x"}},
        {"reply": "x", "stop": {}},
    ],
)
def test_what_no_tool_takes_cannot_be_written(call: object) -> None:
    assert not accepts(call, ODD, OPTIONAL, BARE)


def test_words_can_be_ruled_out_and_are_what_is_left_without_tools() -> None:
    assert not accepts({"reply": "x"}, BARE, may_reply=False)
    assert accepts({"reply": "x"}, may_reply=False)


def test_a_tool_may_be_called_reply() -> None:
    reply = tool("reply", ["text"], text=TEXT)
    assert reply_key([tool_shape(reply)]) == "reply_"
    assert accepts({"reply": {"text": "x"}}, reply)
    assert accepts({"reply_": "x"}, reply)
    assert not accepts({"reply": "x"}, reply)
