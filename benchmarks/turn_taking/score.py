"""From what was ended when to false cut-ins and delays."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.turn_taking.corpus import Call, SpokenTurn
from benchmarks.turn_taking.replay import Ended


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one spoken turn.

    `delay` counts from its last sound, in seconds; None where it was never ended, or dropped. `lost` tells
    that a part of it was dropped as if nothing had been said.
    """

    call: Call
    turn: SpokenTurn
    cut_in: bool
    delay: float | None
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Some turns under one strategy; `cut_in` is a share of the hesitating ones, delays are over all.

    `unanswered` counts turns that were never ended, `lost` those of which a part was dropped.
    """

    turns: int
    hesitating: int
    cut_in: float
    median_ms: int
    p90_ms: int
    unanswered: int
    lost: int


def outcomes(call: Call, ended: Sequence[Ended]) -> list[Outcome]:
    """Lay what was ended over what was said."""
    begins = [turn.begin for turn in call.turns] + [float("inf")]
    return [
        _outcome(call, turn, [end for end in ended if turn.begin <= end.at < begins[index + 1]])
        for index, turn in enumerate(call.turns)
    ]


def figures(results: Iterable[Outcome]) -> Figures:
    """Sum up."""
    rows = list(results)
    hesitating = [row for row in rows if row.turn.hesitates]
    delays = [row.delay for row in rows if row.delay is not None]
    return Figures(
        turns=len(rows),
        hesitating=len(hesitating),
        cut_in=round(sum(row.cut_in for row in hesitating) / len(hesitating), 4),
        median_ms=round(statistics.median(delays) * 1000),
        p90_ms=round(statistics.quantiles(delays, n=10)[-1] * 1000),
        unanswered=len(rows) - len(delays),
        lost=sum(row.lost for row in rows),
    )


def _outcome(call: Call, turn: SpokenTurn, ended: Sequence[Ended]) -> Outcome:
    early = [end for end in ended if end.at < turn.end]
    answered = next((end for end in ended if end.at >= turn.end and end.text is not None), None)
    return Outcome(
        call=call,
        turn=turn,
        cut_in=any(end.text is not None for end in early),
        delay=None if answered is None else answered.at - turn.end,
        lost=any(end.text is None for end in early),
    )
