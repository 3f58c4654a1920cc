"""What a person's page may send beside the audio: checked and bounded, whatever the transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

MOST_TEXT = 2000
"""Characters of a typed message."""
_KEYS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class TypedText:
    """Words that are typed in place of spoken ones: a turn of the user."""

    text: str


@dataclass(frozen=True, slots=True)
class InterruptAsked:
    """The agent shall fall silent."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of the keypad."""

    digit: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether anybody is there; the answer carries the same number."""

    n: float


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The person leaves on purpose."""


PageMessage: TypeAlias = TypedText | InterruptAsked
"""What concerns the session."""
AnyMessage: TypeAlias = PageMessage | KeyPressed | Ping | Goodbye


def read_message(data: Mapping[str, object]) -> AnyMessage | None:
    """Read what a page sent; None where it is no message that is known and allowed."""
    match data:
        case {"type": "text", "text": str(text)} if text.strip() and len(text) <= MOST_TEXT:
            return TypedText(" ".join(text.split()))
        case {"type": "interrupt"}:
            return InterruptAsked()
        case {"type": "digit", "digit": str(digit)} if digit in _KEYS and len(digit) == 1:
            return KeyPressed(digit)
        case {"type": "ping", "n": int() | float() as n}:
            return Ping(n)
        case {"type": "leave"}:
            return Goodbye()
        case _:
            return None
