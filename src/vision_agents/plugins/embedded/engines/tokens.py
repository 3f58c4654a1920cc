"""The vocabulary of Moonshine: byte strings, one after another in a file, each behind its length."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_SPACE = "\u2581"


class Vocabulary:
    """Token ids to text."""

    def __init__(self, words: list[bytes]) -> None:
        self._words = words

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read the tokenizer's file: a length of one byte, or of two where the first is over 127."""
        data = path.read_bytes()
        words: list[bytes] = []
        position = 0
        while position < len(data):
            length = data[position]
            position += 1
            if length >= 128:
                length = length - 128 + data[position] * 128
                position += 1
            words.append(data[position : position + length])
            position += length
        return cls(words)

    def __len__(self) -> int:
        return len(self._words)

    def text(self, ids: Iterable[int]) -> str:
        """Join tokens; control tokens are silent, ``<0x..>`` is a byte of a rarer character."""
        joined = bytearray()
        for token in ids:
            word = self._words[token]
            if word.startswith(b"<0x") and len(word) == 6:
                joined.append(int(word[3:5], 16))
            elif not (word.startswith(b"<") and word.endswith(b">")):
                joined += word
        return joined.decode("utf-8", "replace").replace(_SPACE, " ").strip()
