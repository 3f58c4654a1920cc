"""Reads the JSON object of a model with tools while it is being written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A tool's name and arguments, as the model wrote them."""

    name: str
    arguments: Mapping[str, object]


class StringReader:
    """Decodes a JSON string piece by piece, from after its opening quote.

    Escapes and surrogate pairs may be split between pieces; half a pair alone becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._escape = ""
        self._high = ""
        self.done = False

    def feed(self, text: str) -> str:
        """Give what the next piece says; what follows the closing quote is ignored."""
        said: list[str] = []
        for char in text:
            if self.done:
                break
            said.append(self._next(char))
        return "".join(said)

    def _next(self, char: str) -> str:
        if self._escape:
            self._escape += char
            return self._escaped()
        if char == "\\":
            self._escape = char
            return ""
        if char == '"':
            self.done = True
            return self._paired("")
        return self._paired(char)

    def _escaped(self) -> str:
        kind = self._escape[1]
        if kind == "u" and len(self._escape) < 6:
            return ""
        char = chr(int(self._escape.removeprefix(r"\u"), base=16)) if kind == "u" else _ESCAPES[kind]
        self._escape = ""
        return self._paired(char)

    def _paired(self, char: str) -> str:
        """Hold the first half of a pair back until it is known what follows."""
        held, self._high = self._high, ""
        if held and _is_low(char):
            return (held + char).encode("utf-16", "surrogatepass").decode("utf-16")
        said = _REPLACEMENT if held else ""
        if "\ud800" <= char <= "\udbff":
            self._high = char
            return said
        return said + (_REPLACEMENT if _is_low(char) else char)


def _is_low(char: str) -> bool:
    return "\udc00" <= char <= "\udfff"


class AnswerReader:
    """Follows an answer: words of a reply as they come, a call when it is complete.

    Args:
        key: the key of an answer that only talks.
    """

    def __init__(self, key: str, *, opening: str) -> None:
        self._reply = f'{{"{key}": "'
        self._written = opening
        self._string: StringReader | None = None
        self.call: WrittenCall | None = None

    def feed(self, text: str) -> str:
        """Take what the model wrote next; give what of it is to be said."""
        if self._string is not None:
            return self._string.feed(text)
        self._written += text
        if self._written.startswith(self._reply):
            self._string = StringReader()
            return self._string.feed(self._written[len(self._reply) :])
        if self.call is None and self._written.endswith("}}"):
            self.call = _call(self._written)
        return ""

    @property
    def talks(self) -> bool:
        """Whether the answer is words and not a call."""
        return self._string is not None


def _call(written: str) -> WrittenCall | None:
    """The call, or None where the braces were the end of something inside it."""
    try:
        answer = cast("dict[str, dict[str, object]]", json.loads(written))
    except json.JSONDecodeError:
        return None
    ((name, arguments),) = answer.items()
    return WrittenCall(name, arguments)
