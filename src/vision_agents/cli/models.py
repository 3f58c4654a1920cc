"""``vision-agents models``: see, fetch and find the weights of the embedded models."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vision_agents.plugins.embedded.weights.job import Observer, Progress
    from vision_agents.plugins.embedded.weights.manifest import Model

app = typer.Typer(help="See, fetch and find the weights of the embedded models.", no_args_is_help=True)

_STYLES = {"cached": "green", "missing": "yellow", "corrupt": "red"}

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="As shown by `models list`.")]


@contextmanager
def _one_sentence() -> Generator[None]:
    """Tell what goes wrong on standard error, with exit code 2."""
    from vision_agents.core.errors import VisionAgentsError

    try:
        yield
    except (VisionAgentsError, ModuleNotFoundError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


@app.command("list")
def list_models() -> None:
    """Show every model: version, licence, size, and whether it is here."""
    from rich.console import Console
    from rich.table import Table

    with _one_sentence():
        from vision_agents.plugins.embedded.weights.manifest import MODELS
        from vision_agents.plugins.embedded.weights.store import folder_of

        table = Table("Name", "Version", "Licence", "Size", "State", box=None)
        for model in MODELS.values():
            state = folder_of(model).state()
            size = f"{model.size / 1e6:.1f} MB"
            styled = f"[{_STYLES[state]}]{state}[/]"
            table.add_row(model.name, model.version, model.licence, size, styled)
        Console().print(table)


@app.command()
def pull(names: Names = None) -> None:
    """Fetch the named models, or those that an agent on the embedded defaults needs."""
    with _one_sentence():
        from vision_agents.plugins.embedded.weights.store import default_models, find_model, obtain

        models = [find_model(name) for name in names] if names else default_models()
        with _progress(models) as observe:
            for model in models:
                obtain(model.name, observe=observe)
        for model in models:
            typer.echo(f"{model.name} is ready.")


@app.command()
def path(name: Annotated[str | None, typer.Argument(help="A model; left out, the cache.")] = None) -> None:
    """Print where weights lie: the cache, or the files of one model."""
    with _one_sentence():
        from vision_agents.plugins.embedded.weights.cache import cache_root
        from vision_agents.plugins.embedded.weights.store import find_model, folder_of

        paths = folder_of(find_model(name)).files().values() if name else [cache_root()]
        for found in paths:
            typer.echo(found)


@contextmanager
def _progress(models: Sequence[Model]) -> Generator[Observer]:
    """An observer that draws bars on a terminal, and elsewhere writes a line for each quarter."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {model.name: bars.add_task(model.name, total=model.size, visible=False) for model in models}
        yield lambda seen: bars.update(tasks[seen.model], completed=seen.done, visible=True)


def _lines() -> Observer:
    told: dict[str, int] = {}

    def tell(progress: Progress) -> None:
        quarter = 4 * progress.done // progress.total
        if quarter > told.get(progress.model, -1):
            told[progress.model] = quarter
            done, total = progress.done // 1_000_000, progress.total // 1_000_000
            typer.echo(f"{progress.model}: {done} of {total} MB", err=True)

    return tell
