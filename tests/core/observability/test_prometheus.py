"""The text formats, read back by the parsers of the Prometheus client."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import cast

import pytest
from prometheus_client import parser
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser

from vision_agents.core.observability.families import (
    LabelledCounter,
    LabelledHistogram,
    MetricFamily,
    Sample,
    gauge,
)
from vision_agents.core.observability.prometheus import render


def some_families() -> list[MetricFamily]:
    ended = LabelledCounter("sessions_ended", "Sessions that ended.", label="reason", values=("completed",))
    ended.add(value="error")
    ended.add(2, value="error")
    started = LabelledCounter("sessions_started", "Sessions that were started.")
    started.add()
    delay = LabelledHistogram("delay_seconds", "How long.", bounds=(0.5, 1), label="stage", values=("llm",))
    for length in (0.5, 0.75, 3):
        delay.observe(length, value="stt")
    return [gauge("sessions_active", "Now.", 3), ended.family(), started.family(), delay.family()]


def parsed(families: list[MetricFamily], *, openmetrics: bool) -> list[Metric]:
    text = render(families, openmetrics=openmetrics)
    parse = "text_string_to_metric_families"  # the OpenMetrics one has no types
    if openmetrics:
        read = cast("Callable[[str], Iterable[Metric]]", vars(openmetrics_parser)[parse])
        return list(read(text))
    return list(parser.text_string_to_metric_families(text))


def read_back(families: list[MetricFamily], *, openmetrics: bool) -> dict[str, float]:
    """Series with labels, as the client's parser sees them, to their values."""
    samples = [s for family in parsed(families, openmetrics=openmetrics) for s in family.samples]
    return {" ".join([s.name, *(f"{k}={v}" for k, v in s.labels.items())]): s.value for s in samples}


@pytest.mark.parametrize("openmetrics", [False, True])
def test_every_number_is_read_back_as_it_was_counted(openmetrics: bool) -> None:
    assert read_back(some_families(), openmetrics=openmetrics) == {
        "sessions_active": 3,
        "sessions_ended_total reason=completed": 0,
        "sessions_ended_total reason=error": 3,
        "sessions_started_total": 1,
        "delay_seconds_bucket stage=llm le=0.5": 0,
        "delay_seconds_bucket stage=llm le=1.0": 0,
        "delay_seconds_bucket stage=llm le=+Inf": 0,
        "delay_seconds_sum stage=llm": 0,
        "delay_seconds_count stage=llm": 0,
        "delay_seconds_bucket stage=stt le=0.5": 1,
        "delay_seconds_bucket stage=stt le=1.0": 2,
        "delay_seconds_bucket stage=stt le=+Inf": 3,
        "delay_seconds_sum stage=stt": 4.25,
        "delay_seconds_count stage=stt": 3,
    }


@pytest.mark.parametrize("openmetrics", [False, True])
def test_kinds_helps_and_units_arrive(openmetrics: bool) -> None:
    families = {f.name: f for f in parsed(some_families(), openmetrics=openmetrics)}
    kinds = {name: family.type for name, family in families.items()}
    assert kinds == {
        "sessions_active": "gauge",
        "sessions_ended": "counter",
        "sessions_started": "counter",
        "delay_seconds": "histogram",
    }
    assert families["delay_seconds"].documentation == "How long."
    assert families["delay_seconds"].unit == ("seconds" if openmetrics else "")


@pytest.mark.parametrize("openmetrics", [False, True])
@pytest.mark.parametrize("text", ['say "no"', "a\\b", "two\nlines", "ü", "back\\nslash"])
def test_text_that_needs_escaping_survives(text: str, openmetrics: bool) -> None:
    family = MetricFamily(name="odd", help=text, kind="gauge", samples=(Sample(1, {"word": text}),))
    (found,) = parsed([family], openmetrics=openmetrics)
    assert found.samples[0].labels == {"word": text}
    assert found.documentation == text


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, 0.1, 12345678901])
def test_odd_numbers_survive(value: float) -> None:
    assert read_back([gauge("odd", "Odd.", value)], openmetrics=True) == {"odd": value}
    assert read_back([gauge("odd", "Odd.", value)], openmetrics=False) == {"odd": value}


def test_what_is_not_a_number_is_said_so() -> None:
    assert render([gauge("odd", "Odd.", math.nan)]).splitlines()[-1] == "odd NaN"


def test_nothing_to_tell() -> None:
    assert render([]) == ""
    assert render([], openmetrics=True) == "# EOF\n"


def test_two_families_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="are named twice"):
        render([gauge("twice", "One.", 1), gauge("twice", "Two.", 2)])


@pytest.mark.parametrize("name", ["Upper", "with-dash", "", "sessions_total", "x_bucket", "9lives"])
def test_names_against_the_convention_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|ending"):
        gauge(name, "Nothing.", 1)


@pytest.mark.parametrize("bounds", [(), (1, 1), (2, 1)])
def test_bounds_that_do_not_rise_are_refused(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        LabelledHistogram("x_seconds", "X.", bounds=bounds)
