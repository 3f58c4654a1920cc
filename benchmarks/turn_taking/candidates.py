"""Rules that are tried against those of the engine."""

from __future__ import annotations

import re

_NEVER_LAST = frozenset(
    [
        "a",
        "ah",
        "an",
        "and",
        "because",
        "but",
        "er",
        "erm",
        "if",
        "my",
        "or",
        "our",
        "than",
        "the",
        "their",
        "uh",
        "uhm",
        "um",
        "unless",
        "very",
        "whether",
        "your",
    ]
)
"""Words that end no sentence, not even a question."""
_SELDOM_LAST = frozenset(
    ["about", "as", "at", "for", "from", "i", "i'm", "into", "of", "to", "until", "with"]
)
"""Words that may end a question ("What is it for?"), but hardly anything else."""
_VERB_BEFORE_THE_REST = frozenset(["am", "are", "is", "was", "were"])
_AFTER_A_PRONOUN = frozenset(
    [
        "he",
        "here",
        "how",
        "i",
        "it",
        "she",
        "that",
        "there",
        "they",
        "this",
        "we",
        "what",
        "where",
        "who",
        "you",
    ]
)
"""After these the verb may be the last word: "Yes, it is."."""
_LAST_WORDS = re.compile(r"(?:([^\W_]+(?:['’][^\W_]+)?)[^\w?!]+)?([^\W_]+(?:['’][^\W_]+)?)([^\w]*)$")
_HALF_A_SENTENCE = re.compile(
    r"(?:(?:and|but|so|well|yes|no),? )?"
    r"(?:after|although|as soon as|before|if|once|since|unless|until|when|while) "
    r"(?:a|an|he|her|his|i|it|my|our|she|the|their|there|they|this|we|you|your) \w+ [^,;]*$",
    re.IGNORECASE,
)
"""A clause that only begins a sentence, with nothing after it yet: "If it rains tomorrow."."""
_DICTATION = re.compile(
    r"\b(?:account|call|card|code|id|number|phone|pin|reach|reference|zip)\b", re.IGNORECASE
)
_DIGITS_AT_THE_END = re.compile(r"(?:\b(am|are|is|was|were) )?(\d[\d\W]*)$", re.IGNORECASE)
_WHOLE_NUMBER = 7
"""Digits of a telephone number without its area: whoever dictates fewer may have more to say."""


def sounds_unfinished(text: str) -> bool:
    """Tell whether the words are those of a sentence that goes on (English)."""
    return _ends_open(text) or _HALF_A_SENTENCE.match(text) is not None or _breaks_off_a_number(text)


def breaks_off(text: str) -> bool:
    """Tell whether a recogniser that writes capitals has left out the full stop."""
    return text[:1].isupper() and text[-1:].isalnum() and not text[-1:].isdigit()


def _ends_open(text: str) -> bool:
    found = _LAST_WORDS.search(text)
    if found is None:
        return False
    before, last, marks = (found[1] or "").lower(), found[2].lower(), found[3]
    if last in _NEVER_LAST or marks.startswith((",", "...", "…", "-")):
        return True
    if "?" in marks or "!" in marks:
        return False
    return last in _SELDOM_LAST or (last in _VERB_BEFORE_THE_REST and before not in _AFTER_A_PRONOUN)


def _breaks_off_a_number(text: str) -> bool:
    tail = _DIGITS_AT_THE_END.search(text)
    if tail is None or "?" in tail[2] or not (tail[1] or _DICTATION.search(text)):
        return False
    return sum(character.isdigit() for character in tail[2]) < _WHOLE_NUMBER
