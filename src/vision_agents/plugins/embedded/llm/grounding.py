"""Whether a call's arguments come from the conversation.

A small model fills a required argument it was not told with an invention ("When did the war end?" gives
`translate(language="French")`). Such a call is worse than none, so it is not made; the model tries
another tool, or talks, and may ask. The rule knows nothing of particular tools: most words of a text must
share their beginning with a word of the conversation, and a number needs a number there, in digits or in
English. Choices, flags and nested values pass. An optional argument without such roots is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from vision_agents.plugins.embedded.llm.reply_stream import WrittenCall
from vision_agents.plugins.embedded.llm.shapes import ListOf, Number, Shape, Text, ToolShape

_WORD = re.compile(r"[^\W_]+")
_BEGINNING = 4


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The different words of some texts, lower case."""
    return frozenset(word for text in texts for word in _WORD.findall(text.casefold()))


_NUMBERS = words_of(
    [
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
        "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred",
        "thousand million billion half quarter third first second dozen couple pair single once twice both",
        "noon midnight",
    ]
)


def grounded(call: WrittenCall, tool: ToolShape, words: frozenset[str]) -> WrittenCall | None:
    """The call without optional arguments that come from nowhere; None if a required one does."""
    kept: dict[str, object] = {}
    for field in tool.arguments.fields:
        if field.name not in call.arguments:
            continue
        value = call.arguments[field.name]
        if _has_roots(value, field.shape, words):
            kept[field.name] = value
        elif field.required:
            return None
    return WrittenCall(call.name, kept)


def same_call(one: WrittenCall, name: str, arguments: Mapping[str, object]) -> bool:
    """Whether a call asks for what was asked for before, whatever the capitals."""
    return one.name == name and _folded(one.arguments) == _folded(arguments)


def _folded(value: object) -> str:
    return repr(value).casefold()


def _has_roots(value: object, shape: Shape, words: frozenset[str]) -> bool:
    match shape:
        case Number():
            return any(_is_number(word) for word in words)
        case Text():
            return _text_has_roots(str(value), words)
        case ListOf(item):
            return all(_has_roots(part, item, words) for part in cast("list[object]", value))
        case _:
            return True


def _text_has_roots(text: str, words: frozenset[str]) -> bool:
    said = _WORD.findall(text.casefold())
    telling = [word for word in said if len(word) > 2 or _is_number(word)] or said
    known = sum(_is_known(word, words) for word in telling)
    return known * 2 > len(telling)


def _is_known(word: str, words: frozenset[str]) -> bool:
    if word in words:
        return True
    if word[0].isdigit():
        return any(other in _NUMBERS for other in words)
    beginning = word[:_BEGINNING]
    if len(beginning) < 2:
        return False
    return any(other.startswith(beginning) for other in words if len(other) > 2)


def _is_number(word: str) -> bool:
    return word[0].isdigit() or word in _NUMBERS
