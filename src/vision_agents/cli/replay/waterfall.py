"""A turn's waterfall: one bar a span between two marks, on a common scale."""

from __future__ import annotations

from rich.table import Table

from vision_agents.cli.replay.event_log import Line

_WIDTH = 48


def waterfall(turn: Line, number: int) -> Table:
    """Draw the spans of one `agent.turn_marks` event."""
    marks: dict[str, float] = turn["marks_ms"]
    names, times = list(marks), list(marks.values())
    scale = _WIDTH / max(times[-1] - times[0], 1e-9)
    delay = turn.get("response_delay_ms")
    title = f"Turn {number}"
    if delay is not None:
        title += f": {delay:.0f} ms from the end of speech to the first audio"
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("until")
    table.add_column("ms", justify="right")
    table.add_column("")
    for name, begin, end in zip(names[1:], times, times[1:], strict=False):
        left = round((begin - times[0]) * scale)
        length = max(1, round((end - begin) * scale))
        table.add_row(name, f"{end - begin:.1f}", " " * left + "█" * length)
    return table
