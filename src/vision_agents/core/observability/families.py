"""Metric families: what a scrape of this process reads, and the counters and histograms behind it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a family; `part` is ``bucket``, ``sum`` or ``count`` in a histogram."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    part: Literal["", "bucket", "sum", "count"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """Samples of one meaning.

    Args:
        name: with its unit (``_seconds``), and without a counter's ``_total``.
        help: one sentence.
        kind: how the numbers move.
        samples: one for each combination of labels; a histogram's in the order of their bounds.

    Raises:
        ValueError: a name that no monitoring system would take.
    """

    name: str
    help: str
    kind: Kind
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        """Refuse names against the convention."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A metric's name is lower case words with underscores, not {self.name!r}.")
        if self.name.endswith(("_total", "_bucket", "_sum", "_count")):
            raise ValueError(f"Leave the ending of {self.name!r} away: the writer adds it.")


def gauge(name: str, help: str, value: float) -> MetricFamily:
    """Make a family of one number that goes up and down."""
    return MetricFamily(name=name, help=help, kind="gauge", samples=(Sample(float(value)),))


class LabelledCounter:
    """Counts that only grow, one for each value of a label.

    Args:
        name: without ``_total``.
        help: one sentence.
        label: its name; empty for a counter without a label.
        values: those that are reported as 0 before they happen, so that a rate sees the first one.
    """

    def __init__(self, name: str, help: str, *, label: str = "", values: Iterable[str] = ()) -> None:
        self._name, self._help, self._label = name, help, label
        self._counts: dict[str, float] = dict.fromkeys(values if label else ("",), 0.0)

    def add(self, amount: float = 1, *, value: str = "") -> None:
        """Count `amount` more for a value of the label."""
        self._counts[value] = self._counts.get(value, 0.0) + amount

    def family(self) -> MetricFamily:
        """Tell the counts so far."""
        label = self._label
        samples = (Sample(n, {label: value} if label else {}) for value, n in self._counts.items())
        return MetricFamily(name=self._name, help=self._help, kind="counter", samples=tuple(samples))


class LabelledHistogram:
    """How often a length of time fell into each range, for each value of a label.

    Args:
        name: with its unit.
        help: one sentence.
        bounds: upper ends of the ranges, rising; a last range without an end is added.
        label: its name; empty for a histogram without a label.
        values: those that are reported before anything was observed.

    Raises:
        ValueError: bounds that do not rise.
    """

    def __init__(
        self,
        name: str,
        help: str,
        *,
        bounds: Sequence[float],
        label: str = "",
        values: Iterable[str] = (),
    ) -> None:
        if not bounds or sorted(set(bounds)) != list(bounds):
            raise ValueError(f"The bounds of {name} must rise.")
        self._name, self._help, self._label = name, help, label
        self._bounds = tuple(float(bound) for bound in bounds)
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        for value in values if label else ("",):
            self._open(value)

    def observe(self, amount: float, *, value: str = "") -> None:
        """Take one length."""
        if value not in self._counts:
            self._open(value)
        self._counts[value][bisect_left(self._bounds, amount)] += 1
        self._sums[value] += amount

    def family(self) -> MetricFamily:
        """Tell what was observed so far."""
        samples = (sample for value in self._counts for sample in self._samples(value))
        return MetricFamily(name=self._name, help=self._help, kind="histogram", samples=tuple(samples))

    def _open(self, value: str) -> None:
        self._counts[value] = [0] * (len(self._bounds) + 1)
        self._sums[value] = 0.0

    def _samples(self, value: str) -> Iterable[Sample]:
        labels = {self._label: value} if self._label else {}
        seen = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts[value], strict=True):
            seen += count
            yield Sample(seen, {**labels, "le": number(bound)}, "bucket")
        yield Sample(self._sums[value], labels, "sum")
        yield Sample(seen, labels, "count")


def number(value: float) -> str:
    """Write a number as both exposition formats read it."""
    if value == float("inf"):
        return "+Inf"
    return repr(float(value)).replace("nan", "NaN").replace("inf", "Inf")
