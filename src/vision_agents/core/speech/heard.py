"""How much of a sentence somebody heard, from how much of its audio was played.

Lengths are counted in letters. The figures are fitted to the word times of a neural English voice.
"""

import re

from vision_agents.core.types.units import Seconds

_SECONDS_PER_LETTER = 0.06
"""Usual pace of speech: an estimate for a sentence that was cut while its audio was still being made."""

_DIGIT = 4.5
"""As in "seventy-two"."""
_SYMBOL = 10.0
"""As in "degrees Celsius" or "per cent"."""
_SYMBOLS = "%°$€£¥&@+=#"
_IDEOGRAPH = 3.0
_SILENT = 0.5

_CLAUSE_PAUSE = 5.0
_SENTENCE_PAUSE = 7.0
_SENTENCE_MARKS = ".!?…。！？।؟۔"
_CLOSERS = "\"'”’»)]}」』）】"

_UNBROKEN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts without blanks between words: there each letter, with its signs and marks, counts as a word."""
_WORD = re.compile(
    rf"[{_UNBROKEN}][\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*[^\w\s]*|[^\s{_UNBROKEN}]+"
)


def heard_part(text: str, *, played: Seconds, total: Seconds, complete: bool) -> str:
    """Estimate the words of `text` that were heard when `played` of `total` seconds were played.

    A word counts from its middle on. `complete` tells that `total` is the whole sentence, with the silence
    at its end; otherwise its length is guessed from the text.
    """
    if complete and played >= total:
        return text
    words = [(word.end(), *_lengths(word[0])) for word in _WORD.finditer(text)]
    letters = sum(spoken + pause for _, spoken, pause in words)
    length = total if complete else max(total, letters * _SECONDS_PER_LETTER)
    reached = letters * played / length if length else 0.0
    begin, heard = 0.0, 0
    for end, spoken, pause in words:
        if begin + spoken / 2 > reached:
            break
        begin, heard = begin + spoken + pause, end
    return text[:heard]


def _lengths(word: str) -> tuple[float, float]:
    """Lengths of a word and of the pause after it, in letters."""
    core = word.rstrip(_CLOSERS)
    bare = core.rstrip(_SENTENCE_MARKS + ",;:–—，、；：،؛")
    spoken = sum(_length(character) for character in bare) or _SILENT
    if core == bare:
        return spoken, 0.0
    return spoken, _SENTENCE_PAUSE if core[-1] in _SENTENCE_MARKS else _CLAUSE_PAUSE


def _length(character: str) -> float:
    if character.isdecimal():
        return _DIGIT
    if character in _SYMBOLS:
        return _SYMBOL
    if not character.isalnum():
        return _SILENT
    return _IDEOGRAPH if "\u2e80" <= character < "\uac00" else 1.0
