"""What counts as a false cut-in, and from where a delay counts."""

import numpy as np
import pytest
from benchmarks.turn_taking.corpus import Call, SpokenTurn
from benchmarks.turn_taking.replay import Ended
from benchmarks.turn_taking.score import figures, outcomes

HESITANT = SpokenTurn("my number is five five", "copula", "cut", ((1.0, 2.0), (2.8, 3.5)))
FLUENT = SpokenTurn("that is all", "none", "cut", ((6.0, 7.0),))
CALL = Call("call", "voice", False, (HESITANT, FLUENT), np.zeros(0, np.int16))


def test_a_turn_ended_after_its_last_part_is_answered_after_a_delay() -> None:
    first, second = outcomes(CALL, [Ended(3.8, "My number is 55."), Ended(7.2, "That is all.")])
    assert (first.cut_in, first.delay) == (False, pytest.approx(0.3))
    assert (second.cut_in, second.delay) == (False, pytest.approx(0.2))


def test_a_turn_ended_in_its_pause_was_cut_in_on_and_still_answered_later() -> None:
    first, _ = outcomes(CALL, [Ended(2.3, "My number is"), Ended(3.9, "55.")])
    assert (first.cut_in, first.delay) == (True, pytest.approx(0.4))


def test_what_is_dropped_in_the_middle_is_lost_words() -> None:
    first, _ = outcomes(CALL, [Ended(2.3, None), Ended(3.9, "55.")])
    assert (first.cut_in, first.lost) == (False, True)


def test_a_turn_that_never_ends_is_unanswered() -> None:
    both = outcomes(CALL, [Ended(3.8, "My number is 55."), Ended(7.2, "That is all.")])
    result = figures([*both, *outcomes(CALL, [Ended(3.8, "My number is 55.")])])
    assert (result.turns, result.unanswered) == (4, 1)


def test_false_cut_ins_are_a_share_of_the_turns_with_a_hesitation() -> None:
    ended = [Ended(2.3, "My number is"), Ended(3.9, "55."), Ended(6.5, "That"), Ended(7.2, "is all.")]
    result = figures(outcomes(CALL, ended))
    assert (result.hesitating, result.cut_in) == (1, 1.0)
    assert result.median_ms == 300
