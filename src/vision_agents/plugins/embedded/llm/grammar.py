"""The grammar (GBNF) of the one JSON object that a model with tools writes.

The object has one key: a tool's name with its arguments, or `reply` with the words to say. Its first
characters, `OPENING`, are given to the model, so that its first token is the decision.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

from vision_agents.plugins.embedded.llm.shapes import (
    Choice,
    Field,
    Flag,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    ToolShape,
)

OPENING = '{"'
"""What every answer begins with; the grammar goes on from there."""

_LONGEST_TEXT = 200
_MOST_ITEMS = 8
_DIGITS = 9

# A reply has no length: it ends with the budget of tokens, and what is said by then counts. Of the
# escapes, `u` is left out: it could write half a character.
_RULES = rf"""reply ::= "\"" char+ "\""
text ::= "\"" char{{1,{_LONGEST_TEXT}}} "\""
char ::= [^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt]
whole ::= "0" | [1-9] [0-9]{{0,{_DIGITS - 1}}}
fraction ::= whole ("." [0-9]{{1,4}})?
flag ::= "true" | "false"
"""


def reply_key(tools: Iterable[ToolShape]) -> str:
    """The key of an answer that only talks: `reply`, or longer where a tool has that name."""
    names, key = {tool.name for tool in tools}, "reply"
    while key in names:
        key += "_"
    return key


def answer_grammar(tools: Sequence[ToolShape], *, key: str, may_reply: bool = True) -> str:
    """Allow one call of one of `tools`, or words under `key`."""
    branches = [f"{_literal(_quoted(tool.name) + ': ')} {_record(tool.arguments)}" for tool in tools]
    if may_reply or not branches:
        branches.append(f"{_literal(_quoted(key) + ': ')} reply")
    return f'root ::= ({" | ".join(branches)}) "}}"\n{_RULES}'


def _quoted(key: str) -> str:
    """A key of the outer object: its first quote is part of `OPENING`."""
    return json.dumps(key, ensure_ascii=False)[1:]


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _value(shape: Shape) -> str:
    match shape:
        case Text():
            return "text"
        case Flag():
            return "flag"
        case Choice(values):
            return _either(_literal(json.dumps(value, ensure_ascii=False)) for value in values)
        case Number(integer, negative):
            return _number(integer=integer, negative=negative)
        case OneOf(shapes):
            return _either(_value(part) for part in shapes)
        case ListOf() | MapOf() | Record():
            return _compound(shape)


def _number(*, integer: bool, negative: bool) -> str:
    sign = '"-"? ' if negative else ""
    return f"({sign}{'whole' if integer else 'fraction'})"


def _compound(shape: ListOf | MapOf | Record) -> str:
    match shape:
        case ListOf(item):
            return _repeated("[", _value(item), "]")
        case MapOf(value):
            return _repeated("{", f'text ": " {_value(value)}', "}")
        case Record():
            return _record(shape)


def _either(parts: Iterable[str]) -> str:
    return f"({' | '.join(dict.fromkeys(parts))})"


def _repeated(opening: str, item: str, closing: str) -> str:
    rest = f'(", " {item}){{0,{_MOST_ITEMS - 1}}}'
    return f"{_literal(opening)} ({item} {rest})? {_literal(closing)}"


def _record(record: Record) -> str:
    required = [field for field in record.fields if field.required]
    optional = [field for field in record.fields if not field.required]
    parts = [_pair(field, comma=number > 0) for number, field in enumerate(required)]
    if required:
        parts += [f"({_pair(field, comma=True)})?" for field in optional]
    elif optional:
        parts.append(f"({_any_of(optional)})?")
    return " ".join(['"{"', *parts, '"}"'])


def _any_of(fields: Collection[Field]) -> str:
    """Some of the fields, at least one: whichever comes first has no comma before it."""
    rest = list(fields)
    branches: list[str] = []
    while rest:
        first = rest.pop(0)
        following = [f"({_pair(field, comma=True)})?" for field in rest]
        branches.append(" ".join([_pair(first, comma=False), *following]))
    return " | ".join(branches)


def _pair(field: Field, *, comma: bool) -> str:
    key = json.dumps(field.name, ensure_ascii=False)
    return f"{_literal((', ' if comma else '') + key + ': ')} {_value(field.shape)}"
