"""The document's tables are those of the last measurement, and the default is what they tell it to be."""

from benchmarks.turn_taking.report import Live, Part, Results, Row, best, load, published, tables
from benchmarks.turn_taking.score import Figures
from benchmarks.turn_taking.strategies import DEFAULT, strategies

from vision_agents.core.turns.settings import TurnHandling


def some(cut_in: float, median_ms: int) -> Figures:
    return Figures(
        turns=200, hesitating=140, cut_in=cut_in, median_ms=median_ms, p90_ms=900, unanswered=0, lost=0
    )


def row(name: str, tuning: Figures, others: Figures | None = None) -> Row:
    return Row("rules", name, tuning, some(0.5, 100), others)


def test_the_best_is_the_fastest_of_those_that_seldom_cut_in() -> None:
    rows = [row("rash", some(0.051, 200)), row("slow", some(0.0, 900)), row("right", some(0.05, 300))]
    assert best(rows).name == "right"


def test_a_rule_that_cuts_in_on_other_voices_is_not_allowed() -> None:
    rows = [row("spoilt", some(0.0, 200), some(0.1, 200)), row("right", some(0.0, 300), some(0.0, 900))]
    assert best(rows).name == "right"


def test_a_table_has_a_line_for_every_strategy_and_every_part() -> None:
    rows, parts = [row("right", some(0.05, 300))], [Part("place", "copula", some(0.025, 250))]
    text = tables(Results(rows, parts, Live(10, 105, 101)))
    assert "| right | 5.0% | 300 | 900 | 50.0% | 100 | 900 | – | – | – | **best** |" in text
    assert "| place | copula | 200 | 2.5% | 250 | 900 |" in text


def test_the_document_holds_the_figures_of_the_last_measurement() -> None:
    assert published() == tables(load())


def test_the_last_measurement_was_of_the_strategies_there_are() -> None:
    assert [(one.group, one.name) for one in load().rows] == [(one.group, one.name) for one in strategies()]


def test_at_least_two_hundred_hesitating_turns_choose_the_default() -> None:
    chosen = best(load().rows)
    assert (chosen.group, chosen.name) == (DEFAULT.group, DEFAULT.name)
    assert chosen.tuning.hesitating >= 200
    assert DEFAULT.turns == TurnHandling()
