"""The command line of an agent's program."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vision_agents.core.errors import ConfigurationError, VisionAgentsError
from vision_agents.core.runner.logs import logging_to_stderr
from vision_agents.core.runner.screen import Screen
from vision_agents.core.runner.terminal_call import TerminalOptions

if TYPE_CHECKING:
    from vision_agents.core.runner.runner import Runner

logger = logging.getLogger("vision_agents.runner")

_OK, _FAILED, _REFUSED = 0, 1, 2

_Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
_Format = Literal["rich", "json"]


def execute(runner: Runner, args: Sequence[str] | None = None) -> int:
    """Do what the arguments say; gives the exit code."""
    arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
    try:
        return _commands(runner)(arguments, standalone_mode=False) or _OK
    except typer.TyperException as error:
        text = error.format_message()
    except VisionAgentsError as error:
        text = str(error)
    typer.echo(f"Error: {text}", err=True)
    return _REFUSED


def _commands(runner: Runner) -> typer.Typer:
    app = typer.Typer(add_completion=False)

    @app.callback()
    def program() -> None:  # pyright: ignore[reportUnusedFunction] - gives the program its help
        """An agent that joins calls."""

    _add_run(app, runner)
    _add_serve(app, runner)
    return app


def _add_run(app: typer.Typer, runner: Runner) -> None:
    @app.command()
    def run(  # pyright: ignore[reportUnusedFunction]
        *,
        call_type: Annotated[str, typer.Option(help="Type of the call.")] = "default",
        call_id: Annotated[str | None, typer.Option(help="Id of the call; made up if left out.")] = None,
        debug: Annotated[bool, typer.Option("--debug", help="Debug mode, with tracebacks.")] = False,
        log_level: Annotated[_Level, typer.Option(case_sensitive=False, help="What is logged.")] = "INFO",
        log_format: Annotated[
            _Format | None, typer.Option(help="By default rich on a terminal, JSON lines elsewhere.")
        ] = None,
        no_demo: Annotated[bool, typer.Option("--no-demo", help="Do not open the demo page.")] = False,
        no_splash: Annotated[bool, typer.Option("--no-splash", help="Do not show the banner.")] = False,
        video_track_override: Annotated[
            str | None, typer.Option(metavar="FILE", help="A video file in the place of the live video.")
        ] = None,
        audio_track_override: Annotated[
            str | None, typer.Option(metavar="FILE", help="An audio file as the caller.")
        ] = None,
        record: Annotated[
            str | None, typer.Option(metavar="FILE", help="Write a stereo WAV: left caller, right agent.")
        ] = None,
        events: Annotated[
            str | None, typer.Option(metavar="FILE", help="Write every event as JSON lines.")
        ] = None,
        console: Annotated[
            bool, typer.Option("--console", help="Talk with the agent here: microphone, loudspeaker, keys.")
        ] = False,
        no_audio: Annotated[
            bool, typer.Option("--no-audio", help="With --console: type, and read the answers.")
        ] = False,
        input_device: Annotated[
            str | None,
            typer.Option(metavar="DEVICE", help="The microphone: its number, or part of its name."),
        ] = None,
        output_device: Annotated[
            str | None,
            typer.Option(metavar="DEVICE", help="The loudspeaker: its number, or part of its name."),
        ] = None,
    ) -> None:
        """Run the agent in one call, in this terminal."""
        if not no_splash:
            Screen().show_banner()
        with _failures_told(debug=debug, level=log_level, log_format=log_format):
            runner.run(
                call_type,
                call_id,
                debug,
                log_level,
                no_demo,
                video_track_override,
                audio_track_override=audio_track_override,
                record=record,
                events=events,
                console=_console(
                    console=console,
                    audio=not no_audio,
                    input_device=input_device,
                    output_device=output_device,
                ),
                log_format=log_format,
            )


def _console(
    *, console: bool, audio: bool, input_device: str | None, output_device: str | None
) -> TerminalOptions | None:
    """Put the console's options together."""
    if console:
        return TerminalOptions(audio=audio, input_device=input_device, output_device=output_device)
    if not audio or input_device or output_device:
        raise ConfigurationError("--no-audio, --input-device and --output-device need --console.")
    return None


def _add_serve(app: typer.Typer, runner: Runner) -> None:
    @app.command()
    def serve(  # pyright: ignore[reportUnusedFunction]
        *,
        host: Annotated[str, typer.Option(help="Server host.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Server port; 0 for any that is free.")] = 8000,
        agents_log_level: Annotated[
            _Level, typer.Option(case_sensitive=False, help="Log level for agents.")
        ] = "INFO",
        http_log_level: Annotated[
            _Level, typer.Option(case_sensitive=False, help="Log level for HTTP server.")
        ] = "INFO",
        debug: Annotated[bool, typer.Option("--debug", help="Debug mode, with tracebacks.")] = False,
        log_format: Annotated[
            _Format | None, typer.Option(help="By default rich on a terminal, JSON lines elsewhere.")
        ] = None,
        drain_timeout: Annotated[
            float, typer.Option(help="Seconds that running sessions have to end after a signal.")
        ] = 18.0,
        no_splash: Annotated[bool, typer.Option("--no-splash", help="Do not show the banner.")] = False,
    ) -> None:
        """Serve HTTP, which starts agents in calls."""
        if not no_splash:
            Screen().show_banner()
        with _failures_told(debug=debug, level=agents_log_level, log_format=log_format):
            runner.serve(
                host,
                port,
                agents_log_level,
                http_log_level,
                debug,
                drain_timeout=drain_timeout,
                log_format=log_format,
            )


@contextmanager
def _failures_told(*, debug: bool, level: _Level, log_format: _Format | None) -> Generator[None]:
    """Log what was not foreseen; what was is told in one sentence, by whoever catches it."""
    try:
        yield
    except Exception as error:
        expected = isinstance(error, VisionAgentsError)
        if debug or not expected:
            with logging_to_stderr(level, log_format):
                logger.exception("The program failed")
        if expected:
            raise
        raise typer.Exit(_FAILED) from error
