"""How much of a sentence somebody heard, from how much of its audio was played."""

import re

from vision_agents.core.types.units import Seconds

_WORD = re.compile(r"\S+")
_SECONDS_PER_CHARACTER = 0.065
"""Usual pace of speech: an estimate for a sentence that was cut while its audio was still being made."""


def heard_part(text: str, *, played: Seconds, total: Seconds, complete: bool) -> str:
    """Estimate the words of `text` that were heard when `played` of `total` seconds were played.

    A word counts from its middle on, each character taking the same time. `complete` tells that `total`
    is the whole sentence; otherwise its length is guessed from the text.
    """
    if complete and played >= total:
        return text
    length = total if complete else max(total, len(text) * _SECONDS_PER_CHARACTER)
    reached = len(text) * played / length if length else 0.0
    end = 0
    for word in _WORD.finditer(text):
        if (word.start() + word.end()) / 2 > reached:
            break
        end = word.end()
    return text[:end]
