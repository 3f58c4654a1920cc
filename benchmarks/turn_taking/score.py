"""From what was ended when to the figures of a table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.turn_taking.corpus import Call, SpokenTurn
from benchmarks.turn_taking.replay import Ended

_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}
_TOKEN = re.compile(r"\d|[a-z']+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one spoken turn.

    `cut_in` is the part after which it was ended too early; `delay` counts from its last sound; None where it
    was never ended, or dropped. `lost` counts parts of it that were dropped as if nothing had been said.
    """

    call: Call
    turn: SpokenTurn
    cut_in: int | None
    delay: float | None
    lost: int
    errors: int
    words: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table; rates are fractions, times are seconds."""

    turns: int
    hesitating: int
    cut_in: float
    cut_in_of_all: float
    delay: float
    delay_p90: float
    unanswered: int
    lost: int
    word_errors: float


def outcomes(call: Call, ended: Sequence[Ended]) -> list[Outcome]:
    """Lay what was ended over what was said."""
    begins = [turn.begin for turn in call.turns] + [float("inf")]
    return [
        _outcome(call, turn, [end for end in ended if turn.begin <= end.at < begins[index + 1]])
        for index, turn in enumerate(call.turns)
    ]


def figures(results: Iterable[Outcome]) -> Figures:
    """Sum up; false cut-ins are a share of the turns with a hesitation, delays are over all turns."""
    rows = list(results)
    hesitating = sum(row.turn.hesitates for row in rows)
    cut = [row for row in rows if row.cut_in is not None]
    delays = [row.delay for row in rows if row.delay is not None]
    return Figures(
        turns=len(rows),
        hesitating=hesitating,
        cut_in=sum(row.turn.hesitates for row in cut) / max(1, hesitating),
        cut_in_of_all=len(cut) / len(rows),
        delay=statistics.median(delays),
        delay_p90=statistics.quantiles(delays, n=10)[-1],
        unanswered=len(rows) - len(delays),
        lost=sum(row.lost for row in rows),
        word_errors=sum(row.errors for row in rows) / sum(row.words for row in rows),
    )


def _outcome(call: Call, turn: SpokenTurn, ended: Sequence[Ended]) -> Outcome:
    early = [end for end in ended if end.at < turn.end]
    cut = next((end for end in early if end.text is not None), None)
    answered = next((end for end in ended if end.at >= turn.end and end.text is not None), None)
    said, heard = _tokens(turn.text), _tokens(" ".join(end.text or "" for end in ended))
    return Outcome(
        call=call,
        turn=turn,
        cut_in=None if cut is None else sum(begin <= cut.at for begin, _ in turn.spans) - 1,
        delay=None if answered is None else answered.at - turn.end,
        lost=sum(end.text is None for end in early),
        errors=_distance(said, heard),
        words=len(said),
    )


def _tokens(text: str) -> list[str]:
    found = _TOKEN.findall(text.lower())
    return [digit for token in found for digit in _NUMBERS.get(token, token).split()]


def _distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, remove or replace."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said):
        above, row[0] = row[0], index + 1
        for column, other in enumerate(heard):
            above, row[column + 1] = (
                row[column + 1],
                min(above + (word != other), row[column] + 1, row[column + 1] + 1),
            )
    return row[-1]
