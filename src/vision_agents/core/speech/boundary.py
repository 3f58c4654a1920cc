"""Whether a mark in a growing text ends a sentence, judged by what stands around it."""

import re
from dataclasses import dataclass

from vision_agents.core.speech.full_stop import FullStop, begins_sentence, full_stop_after, is_address

FULL_MARKS = "。！？｡；।॥؟۔።፧៕။։"
"""Marks that end a sentence wherever they stand."""
CLAUSE_MARKS = ",;:–—，、：،؛"
TIGHT_MARKS = "—，、："
"""Clause marks that need no blank after them."""

LOOK_AHEAD = 32
"""Characters after a mark that may be needed to judge it: blanks and a word."""

_LONGEST_WORD = 64
_SPEAKABLE = re.compile(r"[^\W_]")
_WORD = re.compile(r"[^\W\d_]+")
_BLANKS = re.compile(r"[^\S\n]*")
_LAST_NUMBER = re.compile(r"\d+\Z")
_ITEM = re.compile(r"\W*(\d{1,3})[.)]\s")
_BRACKETS = ("()", "[]", "“”", "«»", "「」", "『』", "（）", "【】", "《》")
_QUOTES = ('"', "`", "*", "**", "_")
_MAY_QUOTE = re.compile(r"[^\w\s.,!?;:]|_")
_SINGLE_QUOTED = re.compile(r"(?:^|\s)['‘„‚]")


def is_speakable(text: str) -> bool:
    """Tell whether there is a letter or a digit in it."""
    return _SPEAKABLE.search(text) is not None


@dataclass(frozen=True, slots=True)
class Boundary:
    """A mark at `at` of `text`, and what follows it at `after`; `start` is where its sentence begins.

    `complete` tells that the text will not grow.
    """

    text: str
    start: int
    at: int
    after: int
    complete: bool

    def sentence_end(self) -> int | None:
        """Give where the sentence ends: `start` where it does not, None where more text must come first."""
        mark = self.text[self.at]
        if not is_speakable(self._sentence):
            return self.start
        if mark == "\n":
            return self.after
        run = self.text[self.at : self.after]
        if mark in FULL_MARKS or "!" in run or "?" in run:
            return self._strong_end(address=mark not in FULL_MARKS and is_address(self._word))
        if "…" in run or ".." in run:
            return self._full_stop_end(FullStop.ELLIPSIS)
        return self._full_stop_end(full_stop_after(self._word))

    def clause_end(self) -> int | None:
        """The same for a clause: it must not be quoted, and a blank must follow most marks."""
        if self._is_quoting:
            return self.start
        mark, before, follower = self.text[self.at], self.text[self.at - 1], self._follower
        if not follower:
            return None if mark == ":" or before.isdecimal() else self.after
        tight = mark in TIGHT_MARKS and not (before.isdecimal() and follower.isdecimal())
        return self.after if tight or follower.isspace() else self.start

    def _strong_end(self, *, address: bool) -> int | None:
        """Judge a run with an exclamation or question mark: in an address it may stand for something else."""
        if not self._follower:
            return None if address or self._is_quoting else self.after
        part_of_sign = self._follower in "=/&%#" or (address and self._follower.isalnum())
        return self.start if part_of_sign else self.after

    def _full_stop_end(self, kind: FullStop) -> int | None:
        if not self._follower:
            return self.after if kind is FullStop.FINAL and not self._is_quoting else None
        if not self._follower.isspace() or kind is FullStop.TITLE:
            return self.start
        if kind in (FullStop.FINAL, FullStop.ADDRESS):
            return self.after
        following = self._following
        if not following or following[0] == "\n":
            return self.after if following or self._sees_enough else None
        return self._end_before(following, kind)

    def _end_before(self, following: str, kind: FullStop) -> int | None:
        """Judge a full stop by the text that follows it after a blank."""
        if kind is FullStop.NAME:
            return self._end_of_name(following)
        if kind is FullStop.NUMBER and (item := self._item()) is not None:
            return item
        goes_on = following[0].isdecimal() if kind is FullStop.REFERENCE else following[0].islower()
        return self.start if goes_on else self.after

    def _end_of_name(self, following: str) -> int | None:
        word = _WORD.match(following)
        if word is None or not begins_sentence(word[0]):
            may_begin = word is not None and word.end() == len(following) and following[0].isupper()
            return None if may_begin and not self._sees_enough else self.start
        if word.end() == len(following):
            return self.after if self._sees_enough else None
        return self.after if following[word.end()] in " \n,'’" else self.start

    def _item(self) -> int | None:
        """Judge the number of a list's item: it ends nothing, but the item before it ends where it begins."""
        number = _LAST_NUMBER.search(self._sentence)
        begin = self.start + number.start() if number else self.at
        before = self.text[self.start : begin]
        if not is_speakable(before):
            return self.start
        last = _ITEM.match(before)
        follows = last and number and int(number[0]) == int(last[1]) + 1
        return begin if follows and before[-1].isspace() else None

    @property
    def _sentence(self) -> str:
        return self.text[self.start : self.at]

    @property
    def _word(self) -> str:
        """What stands between the mark and the last blank."""
        before = self.text[max(self.start, self.at - _LONGEST_WORD) : self.at]
        return before.split()[-1] if before and not before[-1].isspace() else ""

    @property
    def _follower(self) -> str:
        return self.text[self.after : self.after + 1] or ("\n" if self.complete else "")

    @property
    def _following(self) -> str:
        """What can be seen after the blanks that follow."""
        seen = self.text[self.after : self.after + LOOK_AHEAD]
        return seen[_BLANKS.match(seen).end() :]  # pyright: ignore[reportOptionalMemberAccess] - it may be empty

    @property
    def _sees_enough(self) -> bool:
        return self.complete or len(self.text) - self.after >= LOOK_AHEAD

    @property
    def _is_quoting(self) -> bool:
        """Whether a quote, a bracket or an emphasis seems to be open."""
        sentence = self._sentence
        # Most sentences have no sign that could quote, and need no counting.
        return _MAY_QUOTE.search(sentence) is not None and (
            any(sentence.count(quote) % 2 for quote in _QUOTES)
            or any(sentence.count(pair[0]) > sentence.count(pair[1]) for pair in _BRACKETS)
            or _SINGLE_QUOTED.search(sentence) is not None
        )
