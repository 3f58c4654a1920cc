"""Cut a growing text into sentences, each as early as it is certain."""

import re

_MAX_LENGTH = 240
"""Longest piece that goes to a synthesiser, in characters: a text without marks must not wait for its end."""

_FULL_STOPS = "。！？．｡।॥؟۔…"
_MARKS = re.compile(rf"[.!?{_FULL_STOPS}]|\n")
_CLOSERS = "\"'”’»)]}」』）】"
_ABBREVIATIONS = frozenset(
    [
        "approx.",
        "apt.",
        "ave.",
        "blvd.",
        "capt.",
        "cf.",
        "co.",
        "col.",
        "corp.",
        "dept.",
        "dr.",
        "e.g.",
        "etc.",
        "fig.",
        "gen.",
        "gov.",
        "hon.",
        "i.e.",
        "inc.",
        "jr.",
        "lt.",
        "ltd.",
        "messrs.",
        "mr.",
        "mrs.",
        "ms.",
        "mt.",
        "no.",
        "nos.",
        "p.m.",
        "a.m.",
        "ph.d.",
        "prof.",
        "rep.",
        "rev.",
        "sen.",
        "sgt.",
        "sr.",
        "st.",
        "u.k.",
        "u.s.",
        "vol.",
        "vs.",
    ]
)
_INITIAL = re.compile(r"(?:^|[\s.(])[A-Za-z]\.$")


class SentenceSegmenter:
    """Push text as it comes; get each sentence once its end is certain.

    A mark that can only end a sentence ends it at once. A full stop after a digit waits for what follows
    ("3." may become "3.5"); after an abbreviation or an initial it ends nothing.
    """

    def __init__(self) -> None:
        self._text = ""
        self._scanned = 0

    def push(self, text: str) -> list[str]:
        """Take the next piece of text; give the sentences that are complete now."""
        self._text += text
        sentences: list[str] = []
        while (end := self._next_end()) is not None:
            self._take(end, sentences)
        return sentences

    def flush(self) -> list[str]:
        """Give the rest: nothing more comes."""
        sentences: list[str] = []
        self._take(len(self._text), sentences)
        return sentences

    def _take(self, end: int, sentences: list[str]) -> None:
        sentence = self._text[:end].strip()
        self._text = self._text[end:].lstrip(_CLOSERS + " ")
        self._scanned = 0
        if any(character.isalnum() for character in sentence):
            sentences.append(sentence)

    def _next_end(self) -> int | None:
        for mark in _MARKS.finditer(self._text, self._scanned):
            certain = self._ends_sentence(mark.start())
            if certain is None:
                break
            self._scanned = mark.end()
            if certain:
                return mark.end()
        return self._forced_end()

    def _ends_sentence(self, position: int) -> bool | None:
        """Judge the mark at `position`: True, False, or None where more text must come first."""
        text = self._text
        if text[position] != ".":
            return True
        before, after = text[:position], text[position + 1 : position + 2]
        word = (before.rsplit(maxsplit=1) or [""])[-1].lstrip("\"'(“‘").lower() + "."
        if word in _ABBREVIATIONS or _INITIAL.search(before + "."):
            return False
        if before[-1:].isdigit():
            return (after in " \n" or after in _CLOSERS) if after else None
        return not after.isalnum()

    def _forced_end(self) -> int | None:
        """Cut an over-long text at its last clause, or at its last blank."""
        if len(self._text) <= _MAX_LENGTH:
            return None
        window = self._text[:_MAX_LENGTH]
        clause = max(window.rfind(mark) for mark in (", ", "; ", ": ", "，", "、", " – "))
        cut = clause + 1 if clause > _MAX_LENGTH // 3 else window.rfind(" ")
        return cut if cut > 0 else _MAX_LENGTH
