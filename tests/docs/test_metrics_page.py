"""The page of metrics names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from tests.core.observability.test_node_metrics import QuietNode

from vision_agents.core.observability.metrics import METRIC_NAMES
from vision_agents.core.observability.node_metrics import NodeMetrics

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


def rows(pattern: str) -> list[list[str]]:
    """The cells of the table rows whose first cell is a name like this."""
    lines = re.findall(rf"^\| `{pattern}` \|.*$", PAGE, re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_agents_numbers_in_their_order() -> None:
    table = rows(r"\w+__(?:avg|total)")
    assert [name for name, *_ in table] == list(METRIC_NAMES)
    for name, unit, what, source in table:
        assert ("_ms_" in name) == (unit == "ms"), name
        assert what
        assert source


def test_the_nodes_families_with_type_and_label() -> None:
    table = {name: (kind, label) for name, kind, label, _ in rows(r"vision_agents_\w+")}
    exported: dict[str, tuple[str, str]] = {}
    for family in NodeMetrics().families(QuietNode()):
        name = f"{family.name}_total" if family.kind == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported[name] = (family.kind, "".join(labels))
    assert table == exported
