"""The board and the rules ask only for series, labels and words that a node exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from tests.core.observability.test_node_metrics import QuietNode

from vision_agents.core.observability.node_metrics import NodeMetrics
from vision_agents.core.observability.prometheus import render

DEPLOY = Path(__file__).parents[2] / "deploy"
BOARD = cast("dict[str, Any]", json.loads((DEPLOY / "grafana" / "vision-agents.json").read_text()))
RULES = cast(
    "dict[str, Any]", yaml.safe_load((DEPLOY / "prometheus" / "vision-agents.rules.yml").read_text())
)

SCRAPED_LABELS = {"instance", "job"}


def board_expressions() -> Iterator[str]:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in BOARD["templating"]["list"]:
        yield variable.get("definition", "")


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


EXPRESSIONS = [*board_expressions(), *(rule["expr"] for rule in rules())]


def exported() -> dict[str, dict[str, set[str]]]:
    """Each series: its labels, and the words they take."""
    metrics = NodeMetrics()
    series: dict[str, dict[str, set[str]]] = {}
    for line in render(metrics.families(QuietNode())).splitlines():
        if line.startswith("#"):
            continue
        name = re.split(r"[{ ]", line, maxsplit=1)[0]
        labels = series.setdefault(name, {})
        for label, word in re.findall(r'(\w+)="([^"]*)"', line):
            labels.setdefault(label, set()).add(word)
    return series


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_series_is_exported(expression: str) -> None:
    names = set(re.findall(r"[\w:]*vision_agents_[\w:]*", expression))
    assert names or not expression
    assert names - exported().keys() - recorded() == set()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_and_word_is_exported(expression: str) -> None:
    series = exported()
    for name, matchers in re.findall(r"(vision_agents_\w+)\{([^}]*)\}", expression):
        for label, words in re.findall(r'(\w+)\s*=~?\s*"([^"]*)"', matchers):
            if label in SCRAPED_LABELS:
                continue
            assert set(words.split("|")) <= series[name][label], f"{name} has no {label} like that"
    known = SCRAPED_LABELS | {label for labels in series.values() for label in labels}
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= known
    if (total := re.search(r"vision_agents_\w+_bucket", expression)) is not None:
        assert re.search(r"by \([^)]*\ble\)", expression), f"{total[0]} is not summed by le"


def test_brackets_are_closed() -> None:
    for expression in EXPRESSIONS:
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression


def test_legends_name_labels_that_the_query_keeps() -> None:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                by = re.findall(r"by \(([^)]*)\)", target["expr"])
                assert all(label in labels for labels in by), (panel["title"], label)


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len({alert["alert"] for alert in alerts}) == len(alerts) >= 6
    for alert in alerts:
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["description"]
        assert re.fullmatch(r"\d+m", alert["for"])
