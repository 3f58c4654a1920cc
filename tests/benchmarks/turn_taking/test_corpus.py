"""The calls hold the mix that the documents state, and what chooses shares no sentence with what checks."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.turn_taking.corpus import HELD_OUT, TUNING, deal, read_lines


@pytest.mark.parametrize(("path", "count"), [(TUNING, 20), (HELD_OUT, 10)])
def test_every_call_has_five_turns_with_one_hesitation_two_with_two_and_three_without(
    path: Path, count: int
) -> None:
    calls = deal(read_lines(path))
    assert len(calls) == count
    for call in calls:
        assert Counter(len(line.parts) - 1 for line in call) == {1: 5, 2: 2, 0: 3}


def test_every_sentence_is_said_in_one_call_only() -> None:
    lines = [*read_lines(TUNING), *read_lines(HELD_OUT)]
    dealt = [line.text for path in (TUNING, HELD_OUT) for call in deal(read_lines(path)) for line in call]
    assert len(set(dealt)) == len(dealt) == len(lines)


def test_the_order_is_always_the_same() -> None:
    assert deal(read_lines(TUNING)) == deal(read_lines(TUNING))
