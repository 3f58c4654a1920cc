"""What a terminal sends, as keys."""

from __future__ import annotations

import codecs
from enum import Enum, auto
from typing import TypeAlias


class Key(Enum):
    """A key that does something."""

    ENTER = auto()
    BACKSPACE = auto()
    ERASE_LINE = auto()
    INTERRUPT = auto()
    """Escape."""
    TEXT_MODE = auto()
    """Control and T."""
    END = auto()
    """Control and D."""


Pressed: TypeAlias = Key | str

_CONTROL = {
    "\r": Key.ENTER,
    "\n": Key.ENTER,
    "\x7f": Key.BACKSPACE,
    "\x08": Key.BACKSPACE,
    "\x15": Key.ERASE_LINE,
    "\x14": Key.TEXT_MODE,
    "\x04": Key.END,
}
_ESCAPE = "\x1b"


class KeyReader:
    """Turns bytes into keys; an arrow or function key is none, whatever it is made of.

    The Escape key sends the first byte of what other keys send: `flush` says that nothing followed it.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._sequence = ""

    @property
    def waiting(self) -> bool:
        """Whether an Escape may be the beginning of something."""
        return self._sequence == _ESCAPE

    def feed(self, data: bytes) -> list[Pressed]:
        """Give the keys that are complete."""
        pressed: list[Pressed] = []
        for character in self._decoder.decode(data):
            if self._sequence:
                self._continue(character, pressed)
            elif character == _ESCAPE:
                self._sequence = _ESCAPE
            elif character in _CONTROL:
                pressed.append(_CONTROL[character])
            elif character.isprintable():
                pressed.append(character)
        return pressed

    def flush(self) -> list[Pressed]:
        """Give the Escape key, if it is what was pressed."""
        alone, self._sequence = self.waiting, ""
        return [Key.INTERRUPT] if alone else []

    def _continue(self, character: str, pressed: list[Pressed]) -> None:
        """Follow a sequence: ``ESC [ ... letter``, ``ESC O letter`` or ``ESC letter``."""
        if character == _ESCAPE:
            pressed.extend(self.flush())
            self._sequence = _ESCAPE
        elif self._sequence == _ESCAPE and character in "[O":
            self._sequence += character
        elif self._sequence == f"{_ESCAPE}[" and not "@" <= character <= "~":
            pass  # a number inside of the sequence
        else:
            self._sequence = ""
