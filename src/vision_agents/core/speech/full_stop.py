"""What a full stop means, judged by the word before it."""

import re
from enum import Enum, auto

_TITLES = re.compile(
    r"mr|mrs|ms|mx|dr|prof|messrs|mme|mlle|sra|srta|dra|ph|vs|cf|approx|e\.g|i\.e|z\.b|d\.h|u\.a"
    r"|(?-i:Gen|Col|Capt|Cpt|Cmdr|Lt|Maj|Sgt|Gov|Sen|Rep|Rev|Hon|Pres|Supt|Fr|Hr)",
    re.IGNORECASE,
)
_REFERENCES = re.compile(r"no|nos|nr|vol|fig|figs|sec|ch|art|par|pp|ext|tel", re.IGNORECASE)
_NAMES = re.compile(
    r"inc|ltd|corp|co|bros|llc|jr|sr|esq|etc|usw|bzw|st|ave|blvd|rd|mt|ft|apt|dept|univ|est|assn"
    r"|oz|lb|lbs|hrs?|mins?|max|avg"
    r"|(?-i:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu|Thurs|Fri|Sat|Sun)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_STARTERS = re.compile(
    r"A|An|The|This|That|These|Those|There|Here|I|You|He|She|It|We|They|My|Your|His|Her|Its|Our|Their"
    r"|And|But|Or|So|If|As|At|By|For|From|In|On|To|With|After|Before|Because|Since|While|Although"
    r"|What|When|Where|Which|Who|Why|How|Is|Are|Was|Were|Am|Do|Does|Did|Have|Has|Had|Will|Would|Can|Could"
    r"|Should|May|Let|Please|Then|Now|Yes|No|Not|Okay|OK|Sure|Sorry|Thanks|Thank|Also|However|Just|Once"
    r"|All|Both|Each|Every|Some|Many|Most|Another"
)
_OPENERS = "\"'“”‘’«»„‚([{<*_`~¿¡—–-"
_ADDRESS_SIGNS = frozenset("@/\\_=&#.:")


class FullStop(Enum):
    """What a full stop after a word may mean."""

    FINAL = auto()
    """The end of a sentence."""
    ADDRESS = auto()
    """The end, unless the word goes on: "example.com", "main.py"."""
    NUMBER = auto()
    """The end, or an ordinal, or the mark of a list's item."""
    REFERENCE = auto()
    """The end, unless a number follows: "No. 5"."""
    NAME = auto()
    """Part of a name, unless a word follows that begins sentences: "J. R. R. Tolkien", "5 p.m. We"."""
    TITLE = auto()
    """Never the end: "Dr. Smith"."""
    ELLIPSIS = auto()
    """The end, unless the text goes on with a small letter: "Well... maybe"."""


def full_stop_after(word: str) -> FullStop:
    """Judge the full stop that follows `word`, all that stands between it and the last blank."""
    word = word.lstrip(_OPENERS)
    if not word:
        return FullStop.ADDRESS
    if word[-1].isdecimal():
        return FullStop.NUMBER
    if _TITLES.fullmatch(word):
        return FullStop.TITLE
    if _REFERENCES.fullmatch(word):
        return FullStop.REFERENCE
    if _NAMES.fullmatch(word) or _DOTTED.fullmatch(word) or _is_initial(word):
        return FullStop.NAME
    return FullStop.ADDRESS if is_address(word) else FullStop.FINAL


def is_address(word: str) -> bool:
    """Tell whether a word may be part of a URL, an e-mail address or a file name."""
    return not _ADDRESS_SIGNS.isdisjoint(word)


def begins_sentence(word: str) -> bool:
    """Tell whether a capitalised English word begins sentences much more often than it is a name."""
    return _STARTERS.fullmatch(word) is not None


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.lower() != word.upper()
