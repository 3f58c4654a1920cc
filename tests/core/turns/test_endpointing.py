"""How much silence ends a turn."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.turns.endpointing import (
    AdaptiveEndpointing,
    FixedEndpointing,
    PauseFacts,
)
from vision_agents.core.turns.pace import Pace

FIXED = FixedEndpointing(likely=0.5, sure=0.2, unsure=0.6, longest=1.4)
PAUSE = PauseFacts(text="it is noon", likelihood=None, has_detector=True, hesitation=None)


def test_what_sounds_finished_ends_soon() -> None:
    assert FIXED.patience(replace(PAUSE, likelihood=0.5)) == 0.2


def test_what_does_not_sound_finished_is_waited_for() -> None:
    assert FIXED.patience(replace(PAUSE, likelihood=0.49)) == 1.4


def test_a_detector_at_work_is_waited_for() -> None:
    assert FIXED.patience(PAUSE) == 1.4


def test_without_a_detector_silence_decides() -> None:
    assert FIXED.patience(replace(PAUSE, has_detector=False)) == 0.6


@pytest.mark.parametrize("likelihood", [None, 0.1, 0.9])
@pytest.mark.parametrize("has_detector", [True, False])
def test_open_words_are_waited_for_whatever_the_detector_says(
    likelihood: float | None, has_detector: bool
) -> None:
    pause = PauseFacts(text="my name is", likelihood=likelihood, has_detector=has_detector, hesitation=None)
    assert FIXED.patience(pause) == 1.4


ADAPTIVE = AdaptiveEndpointing(base=FIXED, margin=1.5, shortest=0.8)


def test_somebody_unknown_is_given_the_usual_time() -> None:
    assert ADAPTIVE.patience(PAUSE) == 1.4


def test_somebody_brisk_is_given_less_time_than_somebody_who_hesitates() -> None:
    assert ADAPTIVE.patience(replace(PAUSE, hesitation=0.6)) == pytest.approx(0.9)
    assert ADAPTIVE.patience(replace(PAUSE, hesitation=0.8)) == pytest.approx(1.2)


def test_no_habit_is_waited_for_without_end_or_cut_without_mercy() -> None:
    assert ADAPTIVE.patience(replace(PAUSE, hesitation=9.0)) == 1.4
    assert ADAPTIVE.patience(replace(PAUSE, hesitation=0.05)) == 0.8


def test_what_sounds_finished_ends_soon_for_everybody() -> None:
    assert ADAPTIVE.patience(replace(PAUSE, likelihood=0.9, hesitation=1.0)) == 0.2


def test_the_pace_is_learnt_from_the_first_pause_and_follows_slowly() -> None:
    pace = Pace()
    learnt = [pace.hesitation]
    for pause in (1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5):
        pace.went_on(pause)
        learnt.append(pace.hesitation)
    assert learnt[:2] == [None, 1.0]
    known = [hesitation for hesitation in learnt if hesitation is not None]
    assert known == sorted(known, reverse=True)
    assert 0.5 < known[-1] < 0.6


@given(st.lists(st.floats(0.01, 10), min_size=1))
def test_the_pace_stays_within_what_was_heard(pauses: list[float]) -> None:
    pace = Pace()
    for pause in pauses:
        pace.went_on(pause)
    assert pace.hesitation is not None
    assert min(pauses) - 1e-9 <= pace.hesitation <= max(pauses) + 1e-9


@pytest.mark.parametrize("likely", [0.0, 1.0])
def test_silences_may_be_equal_and_a_detector_may_decide_all_or_nothing(likely: float) -> None:
    rule = FixedEndpointing(likely=likely, sure=0.3, unsure=0.3, longest=0.3)
    assert rule.patience(PAUSE) == 0.3
    assert AdaptiveEndpointing(base=rule, margin=1.0).base is rule


@pytest.mark.parametrize(
    "settings", [{"sure": 0.0}, {"sure": 1.5}, {"longest": 0.5}, {"likely": 1.1}, {"likely": -0.1}]
)
def test_fixed_nonsense_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"Endpointing needs|likely must be"):
        FixedEndpointing(**settings)


@pytest.mark.parametrize("settings", [{"margin": 0.9}, {"shortest": 0.0}])
def test_adaptive_nonsense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="AdaptiveEndpointing needs"):
        AdaptiveEndpointing(**settings)
