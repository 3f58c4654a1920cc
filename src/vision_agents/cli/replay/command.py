"""The command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vision_agents.cli.replay.decide_again import Outcome, decide_again
from vision_agents.cli.replay.event_log import read_event_log
from vision_agents.cli.replay.waterfall import waterfall
from vision_agents.core.errors import VisionAgentsError


def replay(
    log: Annotated[Path, typer.Argument(help="A file that `run --events` wrote.", metavar="FILE")],
) -> None:
    """Draw each turn of a recorded call, and decide its turns again; exit code 1 where a decision differs."""
    console = Console()
    try:
        lines = read_event_log(log)
        outcome = decide_again(lines)
    except VisionAgentsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    for number, turn in enumerate((line for line in lines if line["type"] == "agent.turn_marks"), 1):
        console.print(waterfall(turn, number))
    _report(console, outcome)
    if outcome.differences:
        raise typer.Exit(1)


def _report(console: Console, outcome: Outcome) -> None:
    for name in outcome.own_rules:
        console.print(f"The call had its own rule for {name}; the default took its place here.")
    console.print(
        f"{outcome.observations} observations gave {outcome.decisions} decisions, "
        f"{len(outcome.differences)} observations were decided differently."
    )
    for difference in outcome.differences:
        console.print(f"at {difference.at_ms:.1f} ms: {difference.observation}")
        console.print(f"  logged: {difference.logged}\n  now:    {difference.now}")
