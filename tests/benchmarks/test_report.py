"""The table says where we stand: beside the best peer that does the same work, and beside the target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Import = Callable[[str], Any]


def rows(label: str, **figures: dict[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "label": label, **found} for key, found in figures.items()]


def standing(report: str, figure: str) -> list[str]:
    """The cells after the name, out of the second table."""
    line = [line for line in report.splitlines() if line.startswith(f"| {figure}")][-1]
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


def audio(seconds: float) -> dict[str, object]:
    return {"cpu_s_per_session_minute": seconds}


def report_of(peers_module: Import, found: list[dict[str, object]]) -> str:
    return peers_module("report").report(found, ["bare", "ours", "livekit", "videosdk"])


def test_a_target_moves_with_the_bare_reference(peers_module: Import) -> None:
    found = rows("audio", bare=audio(0.098), ours=audio(0.129), livekit=audio(0.3))

    cells = standing(report_of(peers_module, found), "(c) audio in")

    assert cells == ["0.129", "0.300 livekit", "0.1300", "yes", "yes"]


def test_behind_a_peer_and_over_the_target(peers_module: Import) -> None:
    found = rows("audio", bare=audio(0.049), ours=audio(0.2), livekit=audio(0.17))

    assert standing(report_of(peers_module, found), "(c) audio in")[-2:] == ["NO", "NO"]


def test_a_peer_that_does_less_work_is_not_compared(peers_module: Import) -> None:
    found = rows("audio", bare=audio(0.049), ours=audio(0.06), livekit=audio(0.17), videosdk=audio(0.05))

    assert standing(report_of(peers_module, found), "(c) audio in")[1] == "0.170 livekit"


def test_every_cell_is_the_median_of_its_rounds(peers_module: Import) -> None:
    found = [row for cost in (0.05, 0.9, 0.06) for row in rows("audio", ours=audio(cost))]

    assert standing(report_of(peers_module, found), "(c) audio in")[0] == "0.060"


def test_a_failed_cell_is_named_and_left_out(peers_module: Import) -> None:
    found: list[dict[str, object]] = [{"key": "livekit", "label": "audio", "error": "Traceback\nno module"}]

    report = report_of(peers_module, [*found, *rows("audio", ours=audio(0.06))])

    assert "Failed: livekit audio: no module" in report
    assert "livekit |" not in report
