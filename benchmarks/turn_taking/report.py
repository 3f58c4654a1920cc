"""The figures as JSON, and from there as the tables of docs/turns.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.turn_taking.score import Figures, Outcome, figures
from benchmarks.turn_taking.strategies import Strategy
from benchmarks.turn_taking.voices import EMBEDDED

RESULTS = Path(__file__).with_name("results.json")
DOCUMENT = Path(__file__).parents[2] / "docs" / "turns.md"
MOST_CUT_INS = 0.05
_COLUMNS = ("tuning", "held_out", "others")
_BEGIN, _END = "<!-- begin of the tables -->\n", "<!-- end of the tables -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's figures with the embedded voice, on the turns that choose and on those that only check.

    `others` are the turns of other synthesisers; None where there are none on the machine.
    """

    group: str
    name: str
    tuning: Figures
    held_out: Figures
    others: Figures | None

    @property
    def allowed(self) -> bool:
        """Whether it cuts in seldom enough; the held-out turns have no say, so that they can tell."""
        others = 0.0 if self.others is None else self.others.cut_in
        return max(self.tuning.cut_in, others) <= MOST_CUT_INS


@dataclass(frozen=True, slots=True)
class Part:
    """The default's figures on some of the turns."""

    by: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Live:
    """How many turns the real listener ended by the default, and how many of them the replay ended alike."""

    calls: int
    turns: int
    as_replayed: int


@dataclass(frozen=True, slots=True)
class Results:
    """One measurement: every strategy, the default in detail, and the check of the replay."""

    rows: list[Row]
    parts: list[Part]
    live: Live


def row(strategy: Strategy, results: Sequence[Outcome]) -> Row:
    """Sum up what one strategy did."""
    own = [result for result in results if result.call.synthesiser == EMBEDDED]
    others = [result for result in results if result.call.synthesiser != EMBEDDED]
    return Row(
        group=strategy.group,
        name=strategy.name,
        tuning=figures(result for result in own if not result.call.held_out),
        held_out=figures(result for result in own if result.call.held_out),
        others=figures(others) if others else None,
    )


def divided(results: Sequence[Outcome]) -> list[Part]:
    """Sum up one strategy for each voice, and for each way and place of hesitating."""
    asked: dict[str, Callable[[Outcome], str]] = {
        "synthesiser": lambda result: result.call.synthesiser,
        "way of hesitating": lambda result: result.turn.recipe,
        "place of the hesitation": lambda result: result.turn.kind,
    }
    hesitating = [result for result in results if result.turn.hesitates]
    return [
        Part(by=by, name=name, figures=figures(result for result in hesitating if of(result) == name))
        for by, of in asked.items()
        for name in sorted({of(result) for result in hesitating})
    ]


def best(rows: Iterable[Row]) -> Row:
    """The lowest median delay among those with few enough false cut-ins."""
    return min((one for one in rows if one.allowed), key=lambda one: one.tuning.median_ms)


def save(found: Results) -> None:
    """Write the figures, and the document's tables from them."""
    RESULTS.write_text(json.dumps(asdict(found), indent=1) + "\n")
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    DOCUMENT.write_text(f"{before}{_BEGIN}{tables(found)}{_END}{rest.partition(_END)[2]}")


def load() -> Results:
    """Read the figures of the last measurement."""
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    rows = [
        Row(one["group"], one["name"], *(one[of] and Figures(**one[of]) for of in _COLUMNS))
        for one in found["rows"]
    ]
    parts = [Part(one["by"], one["name"], Figures(**one["figures"])) for one in found["parts"]]
    return Results(rows, parts, Live(**found["live"]))


def published() -> str:
    """The tables as they stand in the document."""
    return DOCUMENT.read_text().partition(_BEGIN)[2].partition(_END)[0]


def tables(found: Results) -> str:
    """Everything measured, in Markdown."""
    live = found.live
    heard = (
        f"The real listener on the real models heard {live.calls} of the calls, too, and ended {live.turns} "
        f"turns: {live.as_replayed} of them with the same words at the same time as the replay."
    )
    parts = ("The default on turns with a hesitation:", _parts(found.parts))
    return "\n{}\n\n{}\n\n{}\n\n{}\n\n".format(_strategies(found.rows), *parts, heard)


def _strategies(rows: Sequence[Row]) -> str:
    winner = best(rows)
    lines = [
        "| strategy | cut in | median | p90 | held out | median | p90 | others | median | p90 | ≤ 5 % |",
        f"|---|{'---:|' * 9}---|",
    ]
    for index, one in enumerate(rows):
        if index == 0 or one.group != rows[index - 1].group:
            lines.append(f"| *{one.group}* |{' |' * 10}")
        mark = "**best**" if one is winner else "yes" if one.allowed else ""
        figures_of = " | ".join(_cells(getattr(one, of)) for of in _COLUMNS)
        lines.append(f"| {one.name} | {figures_of} | {mark} |")
    return "\n".join(lines)


def _parts(of_default: Sequence[Part]) -> str:
    head = ("| by | | turns | cut in | median | p90 |", "|---|---|---:|---:|---:|---:|")
    rows = (f"| {one.by} | {one.name} | {one.figures.turns} | {_cells(one.figures)} |" for one in of_default)
    return "\n".join((*head, *rows))


def _cells(some: Figures | None) -> str:
    return "– | – | –" if some is None else f"{some.cut_in:.1%} | {some.median_ms} | {some.p90_ms}"
