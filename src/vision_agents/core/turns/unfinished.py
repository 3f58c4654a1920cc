"""Words that stop where a sentence goes on (English)."""

import re


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NEVER_LAST = _words(
    "a ah an and because but er erm if my or our than the their uh uhm um unless very whether your"
)
"""They end no sentence, not even a question."""
_SELDOM_LAST = _words("about as at for from i i'm into of to until with")
"""They may end a question ("What is it for?"), but hardly anything else."""
_TO_BE = _words("am are is was were")
_AFTER_WHICH_IT_MAY_BE_LAST = _words("he here how i it she that there they this we what where who you")
"""As in "Yes, it is."."""
_LAST_WORDS = re.compile(r"(?:([^\W_]+(?:'[^\W_]+)?)[^\w?!']+)?([^\W_]+(?:'[^\W_]+)?)([^\w]*)$")
_HALF_A_SENTENCE = re.compile(
    r"(?:(?:and|but|so|well|yes|no),? )?"
    r"(?:after|although|as soon as|before|if|once|since|unless|until|when|while) "
    r"(?:a|an|he|her|his|i|it|my|our|she|the|their|there|they|this|we|you|your) \w+ [^,;?]*$",
    re.IGNORECASE,
)
"""A clause that only begins a sentence, with nothing after it yet: "If it rains tomorrow."."""
_DICTATION = re.compile(
    r"\b(?:account|call|card|code|id|number|phone|pin|reach|reference|zip)\b", re.IGNORECASE
)
_LAST_DIGITS = re.compile(r"(?:\b(am|are|is|was|were) )?(\d[\d\W]*)$", re.IGNORECASE)
_WHOLE_NUMBER = 7
"""Digits of a telephone number without its area: whoever dictates fewer may have more to say."""


def sounds_open(text: str) -> bool:
    """Tell whether the words stop where a sentence goes on.

    "My number is", "and then um", "If it rains tomorrow." and "My number is 555." are open.
    """
    text = text.replace("’", "'")
    return _ends_open(text) or _HALF_A_SENTENCE.match(text) is not None or _stops_in_a_number(text)


def _ends_open(text: str) -> bool:
    found = _LAST_WORDS.search(text)
    if found is None:
        return False
    before, last, marks = (found[1] or "").lower(), found[2].lower(), found[3]
    if last in _NEVER_LAST or marks.startswith((",", "...", "…", "-")):
        return True
    if "?" in marks or "!" in marks:
        return False
    return last in _SELDOM_LAST or (last in _TO_BE and before not in _AFTER_WHICH_IT_MAY_BE_LAST)


def _stops_in_a_number(text: str) -> bool:
    last = _LAST_DIGITS.search(text)
    if last is None or "?" in last[2] or not (last[1] or _DICTATION.search(text)):
        return False
    return sum(character.isdigit() for character in last[2]) < _WHOLE_NUMBER
