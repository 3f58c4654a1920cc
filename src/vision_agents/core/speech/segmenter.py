"""Cut a growing text into sentences, each as early as it is certain."""

import re
import unicodedata
from dataclasses import dataclass

from vision_agents.core.speech.boundary import (
    CLAUSE_MARKS,
    FULL_MARKS,
    LOOK_AHEAD,
    TIGHT_MARKS,
    Boundary,
    is_speakable,
)

_MARKS = re.compile(rf"[\n.!?…{FULL_MARKS}]")
_MARKS_AND_CLAUSES = re.compile(rf"[\n.!?…{FULL_MARKS}{CLAUSE_MARKS}]")
_CLOSERS = r"\"'”’»)\]}」』）】》*_~`"
_FULL_RUN = re.compile(rf"[!?…{FULL_MARKS}{_CLOSERS}]*")
_RUN = re.compile(rf"[.!?…“«{FULL_MARKS}{_CLOSERS}]*")
"""What belongs to a mark: further marks and closing quotes. After Western marks “ and « close: „Los.“."""
_CLAUSE_END = re.compile(rf"[{CLAUSE_MARKS}](?=\s)|[{TIGHT_MARKS}]")
_VISIBLE = re.compile(r"\S|\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterSettings:
    """How a text is cut for a synthesiser.

    Args:
        max_length: longest piece, in characters; a text without marks must not wait for its end.
        first_clause: the first piece may end at a comma or the like from this length on, so that speech
            begins early; an ideograph counts as three characters. None cuts at sentences only.
    """

    max_length: int = 240
    first_clause: int | None = 20

    def __post_init__(self) -> None:
        """Refuse pieces too short to speak."""
        if self.max_length < 40:
            raise ValueError(f"max_length must be >= 40 characters, not {self.max_length}.")
        if self.first_clause is not None and self.first_clause < 1:
            raise ValueError(f"first_clause must be >= 1 character or None, not {self.first_clause}.")


_DEFAULT = SegmenterSettings()


class SentenceSegmenter:
    """Push text as it comes; get each sentence once its end is certain.

    A mark after a plain word ends the sentence at once where the pushed text ends with it. What may go on
    (a number, an abbreviation, an address, an open quote) waits for what follows. However the text is pushed,
    the sentences are the same, unless a push ends inside a run like ``?!`` or an address like ``main.py``.
    """

    def __init__(self, settings: SegmenterSettings | None = None) -> None:
        self._settings = settings or _DEFAULT
        self._text = ""
        self._scanned = 0
        self._is_first = True
        self._complete = False

    def push(self, text: str) -> list[str]:
        """Take the next piece of text; give the sentences that are complete now."""
        known = len(self._text)
        self._text += text
        is_short = len(self._text) <= self._settings.max_length
        if is_short and self._scanned == known and not self._marks.search(text):  # as nearly always
            self._scanned = len(self._text)
            return []
        return self._cut()

    def flush(self) -> list[str]:
        """Give the rest: nothing more comes for now. What comes later begins with a first piece again."""
        self._complete = True
        sentences = self._cut()
        if is_speakable(self._text):
            sentences.append(self._text.rstrip())
        self._text, self._scanned = "", 0
        self._is_first, self._complete = True, False
        return sentences

    @property
    def _marks(self) -> re.Pattern[str]:
        return _MARKS_AND_CLAUSES if self._is_first and self._settings.first_clause else _MARKS

    def _cut(self) -> list[str]:
        sentences: list[str] = []
        start = self._skip_blanks(0)
        while (end := self._next_end(start)) is not None:
            sentence = self._text[start:end].rstrip()
            if is_speakable(sentence):
                sentences.append(sentence)
                self._is_first = False
            start = self._scanned = self._skip_blanks(end)
        self._text = self._text[start:]
        self._scanned = max(0, self._scanned - start)
        return sentences

    def _skip_blanks(self, start: int) -> int:
        visible = _VISIBLE.search(self._text, start)
        return visible.start() if visible else start

    def _next_end(self, start: int) -> int | None:
        """Find where the sentence that begins at `start` ends; None where that is not certain yet."""
        text, limit = self._text, start + self._settings.max_length
        marks = self._marks
        self._scanned = max(self._scanned, start)
        while mark := marks.search(text, self._scanned, limit):
            after = self._run_end(mark.start(), limit)
            end = self._judge(Boundary(text, start, mark.start(), after, self._complete))
            if end != start:
                return end
            self._scanned = after
        self._scanned = max(self._scanned, min(len(text), limit))
        return self._forced_end(start)

    def _run_end(self, at: int, limit: int) -> int:
        mark = self._text[at]
        if mark == "\n" or mark in CLAUSE_MARKS:
            return at + 1
        run = (_FULL_RUN if mark in FULL_MARKS else _RUN).match(self._text, at + 1, limit)
        return run.end() if run else at + 1

    def _judge(self, boundary: Boundary) -> int | None:
        if self._text[boundary.at] not in CLAUSE_MARKS:
            return boundary.sentence_end()
        shortest = self._settings.first_clause or 0
        clause = self._text[boundary.start : boundary.at]
        if 3 * len(clause) < shortest:  # too short, whatever it consists of
            return boundary.start
        length = sum(3 if character >= "⺀" else 1 for character in clause)
        return boundary.clause_end() if length >= shortest else boundary.start

    def _forced_end(self, start: int) -> int | None:
        """Cut an over-long text after its last clause, or at its last blank, or anywhere."""
        longest = self._settings.max_length
        # Only when every mark before the cut could be judged: the cut must not depend on how text is pushed.
        if len(self._text) - start <= (longest if self._complete else longest + LOOK_AHEAD):
            return None
        window = self._text[start : start + longest]
        clauses = [clause.end() for clause in _CLAUSE_END.finditer(window)]
        if clauses and clauses[-1] > longest // 3:
            return start + clauses[-1]
        blank = window.rfind(" ")
        return start + blank if blank > 0 else self._between_letters(start, start + longest)

    def _between_letters(self, start: int, cut: int) -> int:
        """Move a cut before the letter whose accents or vowel signs it would take away."""
        for at in range(cut, start, -1):
            if unicodedata.category(self._text[at])[0] != "M":
                return at
        return cut
