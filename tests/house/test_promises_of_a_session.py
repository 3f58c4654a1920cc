"""Each promise of a session has a test that is named after it."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

STARTING = [f"s{number}" for number in range(1, 7)]
SPEAKING = [f"u{number}" for number in range(1, 12)]
WAKING_UP = [f"w{number}" for number in range(1, 6)]
SOUNDS = [f"b{number}" for number in range(1, 11)]
STATES = [f"state_t{number}" for number in range(1, 15)]
DEFECTS = [f"defect_{number:02}" for number in range(1, 27)]
"""What went wrong in the design that this one follows, and must not here."""


def names_of_tests() -> set[str]:
    """Names of all test functions, but for the launcher's: they number other defects."""
    return {
        node.name
        for path in TESTS.rglob("test_*.py")
        if path.parent.name != "launcher"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


NAMES = sorted(names_of_tests())


def named_after(promise: str) -> list[str]:
    """Tests that have the promise in their name, alone or as one of several: ``state_t6_t7``."""
    kind, number = re.fullmatch(r"(state_t|defect_|[a-z])(\d+)", promise, re.ASCII).groups()  # pyright: ignore
    letter = kind.removeprefix("state_").removesuffix("_") if kind != "defect_" else ""
    others = rf"(?:\d+_(?:and_)?{letter})*"
    return [name for name in NAMES if re.search(rf"_{kind}{others}{number}(_|$)", name)]


@pytest.mark.parametrize("promise", [*STARTING, *SPEAKING, *WAKING_UP, *SOUNDS, *STATES, *DEFECTS])
def test_each_promise_has_a_test_of_its_name(promise: str) -> None:
    assert named_after(promise)


@pytest.mark.parametrize("promise", ["s7", "u12", "w6", "b11", "state_t15", "defect_27"])
def test_there_are_no_others(promise: str) -> None:
    assert not named_after(promise)


def test_a_number_counts_as_a_whole_only() -> None:
    assert not set(named_after("u1")) & set(named_after("u11"))
    assert not set(named_after("state_t1")) & set(named_after("state_t11"))
