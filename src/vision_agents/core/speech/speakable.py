"""From a model's text to text that can be read aloud."""

import re

_PLAIN = re.compile("[a-zA-Z0-9 .,!?;:'’…\u00c0-\u1fff\u3001-\ud7ff]*")
"""Letters and punctuation that are no markup and no part of any: most sentences have nothing else."""
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t|:]*(?:[-*_=][ \t|:]*){3,}$", re.MULTILINE)
"""A line across the page, or under the head of a table."""
_LINE_MARKS = re.compile(r"^[ \t]*(?:>[ \t]?)*(?:(?:#{1,6}|[-*+•](?:[ \t]+\[[ xX]\])?)[ \t]+)?", re.MULTILINE)
"""Quotation, heading, bullet, box to tick."""
_TABLE_ROW = re.compile(r"^[ \t]*\|.*|^.*\|[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_ADDRESS = re.compile(r"<(https?://[^<>\s]+|[^<>\s@]+@[^<>\s]+)>")
_EMPHASIS = re.compile(
    r"(?<![^\W_])(?<!\*)\*++(?=\S)|(?<=[^\s*])\*++(?![^\W_])"
    r"|(?<!\w)_++(?=\S)|(?<=[^\s_])_++(?!\w)"
    r"|~~++(?=\S)|(?<=\S)~~++|`+"
)
"""Stars and underscores at the edge of a word; those between letters, or between blanks, mean themselves."""
_PICTOGRAPH = (
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\u231a\u231b\u23e9-\u23fa\u25aa-\u25fe"
    "\u2600-\u266c\u2670-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55][\ufe0f\u200d]*"
)
_PICTOGRAPHS = re.compile(rf"[ \t]*(?:{_PICTOGRAPH})+(?![^\W_])|(?:{_PICTOGRAPH})+")
_SELECTORS = re.compile("[\ufe0e\ufe0f\u20e3]")
"""What makes a picture of the sign before it."""
_BLANKS = re.compile(r"[ \t\r\n]+")


def speakable(text: str) -> str:
    """Take out what a voice cannot say: Markdown marks, link targets, pictographs; "" where no word stays."""
    if "  " in text or not _PLAIN.fullmatch(text):
        text = _without_markup(text)
    return text.strip(" ") if any(map(str.isalnum, text)) else ""


def _without_markup(text: str) -> str:
    text = _RULE.sub("", _FENCE.sub("", text))
    text = _TABLE_ROW.sub(_read_row, text)
    text = _ADDRESS.sub(r"\1", _LINK.sub(r"\1", _LINE_MARKS.sub("", text)))
    text = _SELECTORS.sub("", _PICTOGRAPHS.sub("", _EMPHASIS.sub("", text)))
    return _BLANKS.sub(" ", text)


def _read_row(row: re.Match[str]) -> str:
    """Read the cells of a table's row like a list."""
    return ", ".join(cell.strip() for cell in row[0].split("|") if cell.strip())
