"""The table, and how we stand in it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measures import percentile

Rows = list[dict[str, Any]]


def _median_of(key: str) -> Callable[[Rows], float | None]:
    def read(rows: Rows) -> float | None:
        values = [row[key] for row in rows if row.get(key) is not None]
        return statistics.median(values) if values else None

    return read


def _percentile_of(share: float) -> Callable[[Rows], float | None]:
    """Median over the rounds of each round's percentile."""

    def read(rows: Rows) -> float | None:
        values = [percentile(row["samples_ms"], share) for row in rows if row.get("samples_ms")]
        return statistics.median(values) if values else None

    return read


@dataclass(frozen=True)
class Figure:
    """A row of the table.

    Args:
        name: what is measured, with its unit.
        scenario: label of the scenario it comes from.
        read: takes it out of the scenario's rows.
        digits: after the point.
        target: what we want to reach on the machine where the bare reference gave `bare_then`.
        bare_then: the bare reference when the target was set; None where the target holds as it stands.
        slack: how far behind the best peer is still level.
        unlike: peers that do less work for this figure and are not compared.
    """

    name: str
    scenario: str
    read: Callable[[Rows], float | None]
    digits: int = 2
    target: float | None = None
    bare_then: float | None = None
    slack: float = 0.0
    unlike: tuple[str, ...] = ()


_UNRESAMPLED = ("videosdk",)
"""Hands the recogniser 48 kHz: no resampling, and three times the traffic upstream."""
_ONLY_QUEUED = ("pipecat",)

FIGURES = (
    Figure("(a) response overhead p50 ms", "latency", _percentile_of(0.5), 2, 0.25, 0.08),
    Figure("(a) response overhead p95 ms", "latency", _percentile_of(0.95), 2, 0.5, 0.09),
    Figure("(a) the same, logging at INFO, p50 ms", "latency_logged", _percentile_of(0.5), 2, 0.35),
    Figure("(a) the same, answer resampled to 48 kHz, p50 ms", "latency_48k", _percentile_of(0.5)),
    Figure("(a) CPU per turn ms, as measured", "latency", _median_of("cpu_per_turn_ms")),
    Figure(
        "(a) CPU per turn ms, one frame a sentence",
        "latency_short",
        _median_of("cpu_per_turn_ms"),
        2,
        0.8,
        0.30,
    ),
    Figure("(a) frames heard per turn", "latency", _median_of("frames_per_turn"), 0),
    Figure("(a2) 10 ms a token: first audio p50 ms", "latency_10ms", _percentile_of(0.5), 1, 51.5, 50.7),
    Figure(
        "(a3) TTS at real time: first audio p50 ms", "latency_paced", _percentile_of(0.5), 1, 0.5, 0.1, 0.2
    ),
    Figure("(a3) CPU per turn ms", "latency_paced", _median_of("cpu_per_turn_ms")),
    Figure("(a3) frames heard per turn", "latency_paced", _median_of("frames_per_turn"), 0),
    Figure(
        "(a4) input lag, frame to recogniser, p50 ms", "transit", _percentile_of(0.5), 2, unlike=_UNRESAMPLED
    ),
    Figure("(a4) input lag p95 ms", "transit", _percentile_of(0.95), 2, 1.5, unlike=_UNRESAMPLED),
    Figure("(b) barge-in p50 ms", "barge", _percentile_of(0.5), 2, 0.15, 0.08),
    Figure("(b) barge-in p95 ms", "barge", _percentile_of(0.95), 2, 0.3, 0.12),
    Figure("(b) turns with frames after the stop", "barge", _median_of("turns_with_frames_after_stop"), 0, 0),
    Figure(
        "(c) audio in: CPU s per session-minute",
        "audio",
        _median_of("cpu_s_per_session_minute"),
        3,
        0.065,
        0.049,
        unlike=_UNRESAMPLED,
    ),
    Figure("(c) sessions per core", "audio", _median_of("sessions_per_core"), 0),
    Figure(
        "(c) idle: CPU s per session-minute",
        "audio",
        _median_of("idle_cpu_s_per_session_minute"),
        4,
        0.001,
        0.0004,
    ),
    Figure("(d) KB a idle session", "memory", _median_of("kb_per_session"), 0, 64),
    Figure("(d) threads a session", "memory", _median_of("threads_per_session"), 2, 0),
    Figure("(d) session start p50 ms", "memory", _median_of("start_ms_p50"), 2, 0.4, 0.04),
    Figure("(d) session start p95 ms", "memory", _median_of("start_ms_p95"), 2, 0.8, 0.08),
    Figure("(d) first session ms", "memory", _median_of("start_ms_first"), 1),
    Figure("(d) close one session ms", "memory", _median_of("close_ms_one"), 1, 2, unlike=_ONLY_QUEUED),
    Figure("(e) import and build an agent: wall s", "import", _median_of("wall_s"), 2, 0.35, 0.06),
    Figure("(e) the same: CPU s", "import", _median_of("cpu_s")),
    Figure("(e) the same: RSS MB", "import", _median_of("rss_mb"), 0, 70),
    Figure("(e) modules loaded", "import", _median_of("modules"), 0),
)

Cells = dict[tuple[str, str], Rows]


def report(rows: Rows, order: list[str]) -> str:
    """Give the table of all frameworks, how we stand, and what failed, as Markdown."""
    cells: Cells = {}
    for row in rows:
        if "error" not in row:
            cells.setdefault((row["key"], row["label"]), []).append(row)
    keys = [key for key in order if any(key == key_ for key_, _ in cells)]
    parts = [_side_by_side(cells, keys)]
    if "ours" in keys:
        parts.append(_standing(cells, keys))
    rounds = max((len(found) for found in cells.values()), default=0)
    parts.append(f"Medians over {rounds} interleaved rounds, every cell of a round in a fresh process.")
    parts += [
        f"Failed: {row['key']} {row['label']}: {row['error'].strip().splitlines()[-1]}"
        for row in rows
        if "error" in row
    ]
    return "\n\n".join(parts)


def _side_by_side(cells: Cells, keys: list[str]) -> str:
    versions = {row["key"]: row["version"] for found in cells.values() for row in found if "version" in row}
    lines = [["figure", *(f"{key} {versions.get(key, '')}".strip() for key in keys)]]
    lines += [[figure.name, *(_cell(cells, key, figure) for key in keys)] for figure in FIGURES]
    return _markdown([line for line in lines if any(cell != "-" for cell in line[1:])])


def _cell(cells: Cells, key: str, figure: Figure) -> str:
    value = figure.read(cells.get((key, figure.scenario), []))
    return "-" if value is None else f"{value:.{figure.digits}f}"


def _standing(cells: Cells, keys: list[str]) -> str:
    """Our figures beside the best peer that does the same work, and beside the target for this run."""
    lines = [["figure", "ours", "best peer", "target now", "ahead of peers", "in target"]]
    for figure in FIGURES:
        values = {key: figure.read(cells.get((key, figure.scenario), [])) for key in keys}
        ours = values.get("ours")
        if ours is None or figure.target is None:
            continue
        target = figure.target * _pace(figure, values.get("bare"))
        peers = [
            (value, key)
            for key, value in values.items()
            if value is not None and key not in {"ours", "bare", *figure.unlike}
        ]
        best = min(peers, default=None)
        lines.append(
            [
                figure.name,
                f"{ours:.{figure.digits}f}",
                "-" if best is None else f"{best[0]:.{figure.digits}f} {best[1]}",
                f"{target:.{figure.digits + 1}f}",
                "-" if best is None else _yes(ours <= best[0] + figure.slack),
                _yes(ours <= target),
            ]
        )
    return _markdown(lines)


def _pace(figure: Figure, bare_now: float | None) -> float:
    """How much slower than the machine of the targets this one was during the run."""
    if figure.bare_then is None or not bare_now:
        return 1.0
    return bare_now / figure.bare_then


def _yes(answer: bool) -> str:  # noqa: FBT001
    return "yes" if answer else "NO"


def _markdown(lines: list[list[str]]) -> str:
    lines = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
