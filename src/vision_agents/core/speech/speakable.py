"""From a model's text to text that can be read aloud."""

import re

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"[*#`_~]{1,3}(?=\S)|(?<=\S)[*`_~]{1,3}|^\s*(?:[-*+]|\d+\.)\s+|[*#`]", re.MULTILINE)
_PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff☀-➿️‍]")
_BLANKS = re.compile(r"\s+")


def speakable(text: str) -> str:
    """Take out what a voice cannot say: Markdown marks, link targets, pictographs."""
    text = _LINK.sub(r"\1", text)
    text = _PICTOGRAPHS.sub("", _MARKUP.sub("", text))
    return _BLANKS.sub(" ", text).strip()
