"""The commands and how their errors are told."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from vision_agents.cli import models
from vision_agents.cli.replay.command import replay
from vision_agents.core.errors import VisionAgentsError

app = typer.Typer(
    name="vision-agents", help="Voice and video agents.", no_args_is_help=True, add_completion=False
)
app.add_typer(models.app, name="models")
app.command()(replay)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the callback of an option gets its value
    if wanted:
        typer.echo(version("open-vision-agents"))
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Voice and video agents."""


def run() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except VisionAgentsError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
