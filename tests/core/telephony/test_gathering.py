"""Gathering digits (session.md 1.9): complete, given up, or a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.telephony.gathering import (
    DigitGathering,
    GatherOutcome,
    GatherResult,
    GatherRules,
    GaveUp,
    Pressed,
    PromptEnded,
    Waited,
)
from vision_agents.core.telephony.keypad import KEYS

PIN = GatherRules(num_digits=4, timeout=10, inter_digit_timeout=4)


def press(
    gathering: DigitGathering, digits: str, *, at: float = 1.0, every: float = 0.5
) -> GatherResult | None:
    result = None
    for number, digit in enumerate(digits):
        result = gathering.observe(Pressed(digit, at + number * every)) or result
    return result


def gathering(rules: GatherRules | None = None) -> DigitGathering:
    fresh = DigitGathering(rules)
    assert fresh.observe(PromptEnded(0.0)) is None
    return fresh


def test_so_many_digits_are_enough() -> None:
    result = press(gathering(PIN), "1234")
    assert result == GatherResult("1234", GatherOutcome.COMPLETE)
    assert result is not None
    assert result.ok


def test_the_finish_key_ends_them_and_is_not_one_of_them() -> None:
    assert press(gathering(), "12#") == GatherResult("12", GatherOutcome.COMPLETE)


def test_a_pause_ends_them_where_nobody_said_how_many() -> None:
    started = gathering()
    assert press(started, "12", at=1.0, every=0.5) is None
    assert started.deadline == pytest.approx(1.5 + 4.0)
    assert started.observe(Waited(5.4)) is None
    assert started.observe(Waited(5.5)) == GatherResult("12", GatherOutcome.COMPLETE)


def test_a_pause_before_the_last_digit_is_no_answer() -> None:
    started = gathering(PIN)
    press(started, "123")
    assert started.observe(Waited(60.0)) == GatherResult("123", GatherOutcome.INCOMPLETE)


def test_nobody_presses_anything() -> None:
    started = gathering(PIN)
    assert started.deadline == 10.0
    assert started.observe(Waited(10.0)) == GatherResult("", GatherOutcome.NO_INPUT)


def test_only_the_finish_key_is_no_input() -> None:
    assert press(gathering(), "#") == GatherResult("", GatherOutcome.NO_INPUT)


def test_while_the_prompt_plays_nobody_is_late_but_may_press_already() -> None:
    early = DigitGathering(PIN)
    assert early.deadline is None
    assert early.observe(Waited(500.0)) is None
    assert press(early, "12", at=501.0) is None
    assert early.observe(PromptEnded(502.0)) is None
    assert early.deadline == pytest.approx(505.5)
    assert press(early, "34", at=503.0) == GatherResult("1234", GatherOutcome.COMPLETE)


def test_keys_that_are_not_allowed_are_passed_over() -> None:
    assert press(gathering(GatherRules(num_digits=2, allowed="123")), "9A1*2") == GatherResult(
        "12", GatherOutcome.COMPLETE
    )


def test_every_key_can_be_a_digit() -> None:
    rules = GatherRules(num_digits=16, terminator=None)
    assert press(gathering(rules), KEYS.lower()) == GatherResult(KEYS, GatherOutcome.COMPLETE)


def test_bad_digits_are_told_from_good_ones() -> None:
    rules = GatherRules(num_digits=2, validate=lambda digits: digits != "13")
    assert press(gathering(rules), "13") == GatherResult("13", GatherOutcome.INVALID)
    assert press(gathering(rules), "14") == GatherResult("14", GatherOutcome.COMPLETE)


def test_a_digit_that_comes_too_late_is_not_taken() -> None:
    started = gathering(PIN)
    press(started, "12")
    assert started.observe(Pressed("3", 30.0)) == GatherResult("12", GatherOutcome.INCOMPLETE)


def test_giving_up_keeps_what_was_pressed() -> None:
    started = gathering(PIN)
    press(started, "12")
    assert started.observe(GaveUp(3.0)) == GatherResult("12", GatherOutcome.CANCELLED)


def test_secret_digits_are_not_shown() -> None:
    started = gathering(GatherRules(num_digits=4, sensitive=True))
    result = press(started, "8642")
    assert result is not None
    assert result.digits == "8642"
    assert "8642" not in f"{result!r} {result} {started!r} {Pressed('8', 1.0)!r}"
    assert "'8'" not in repr(Pressed("8", 1.0))


@pytest.mark.parametrize(
    "rules",
    [
        {"num_digits": 0},
        {"terminator": "##"},
        {"terminator": "x"},
        {"timeout": 0},
        {"inter_digit_timeout": -1},
        {"allowed": ""},
        {"allowed": "#"},
        {"allowed": "12x"},
    ],
)
def test_what_no_caller_could_answer_is_refused(rules: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        GatherRules(**rules)  # pyright: ignore[reportArgumentType]


@given(st.lists(st.tuples(st.sampled_from(KEYS + "w"), st.floats(0.01, 6)), max_size=30))
def test_it_ends_once_and_in_bounded_time(steps: list[tuple[str, float]]) -> None:
    started, at, results = gathering(GatherRules(num_digits=5)), 0.0, list[GatherResult]()
    for key, later in steps:
        at += later
        news = started.observe(Waited(at) if key == "w" else Pressed(key, at))
        results += [news] if news else []
    if started.deadline is not None:
        assert not results
        assert started.deadline <= at + 10
        news = started.observe(Waited(started.deadline))
        results += [news] if news else []
    assert results == [started.result]
    assert started.deadline is None
