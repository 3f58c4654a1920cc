"""The two text formats that monitoring systems scrape.

Written here and not by the client library: that one brings a process-wide registry, an HTTP server and their
imports for what is a page of code; its parsers judge this writer in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vision_agents.core.observability.families import MetricFamily, number

PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_UNITS = ("seconds", "bytes", "ratio")
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def render(families: Iterable[MetricFamily], *, openmetrics: bool = False) -> str:
    """Write families as Prometheus text 0.0.4, or as OpenMetrics 1.0.

    Raises:
        ValueError: two families have one name.
    """
    seen: set[str] = set()
    lines: list[str] = []
    for family in families:
        if family.name in seen:
            raise ValueError(f"Two metric families are named {family.name}.")
        seen.add(family.name)
        lines.extend(_head(family, openmetrics=openmetrics))
        lines.extend(_samples(family))
    if openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n" if lines else ""


def _head(family: MetricFamily, *, openmetrics: bool) -> Iterator[str]:
    # OpenMetrics names the family, the older format the series that it holds.
    name = family.name if openmetrics else _series(family)
    escapes = _ESCAPES if openmetrics else _HELP_ESCAPES
    yield f"# HELP {name} {family.help.translate(escapes)}"
    yield f"# TYPE {name} {family.kind}"
    unit = family.name.rpartition("_")[2]
    if openmetrics and unit in _UNITS:
        yield f"# UNIT {name} {unit}"


def _samples(family: MetricFamily) -> Iterator[str]:
    series = _series(family)
    for sample in family.samples:
        name = f"{series}_{sample.part}" if sample.part else series
        yield f"{name}{_labels(sample.labels)} {number(sample.value)}"


def _series(family: MetricFamily) -> str:
    return f"{family.name}_total" if family.kind == "counter" else family.name


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""
