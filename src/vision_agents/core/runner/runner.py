"""Running agents: one in the terminal, or many behind HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from vision_agents.core.launcher.launcher import AgentLauncher

if TYPE_CHECKING:
    from fastapi import FastAPI

    from vision_agents.core.runner.console_run import RunOptions
    from vision_agents.core.runner.logs import LogFormat
    from vision_agents.core.runner.options import ServeOptions
    from vision_agents.core.runner.terminal_call import TerminalOptions
    from vision_agents.core.types.units import Seconds


class Runner:
    """Runs the launcher's agents.

    Args:
        launcher: makes and starts them.
        serve_options: settings of the HTTP server; left out, the defaults and the environment.
    """

    def __init__(self, launcher: AgentLauncher, serve_options: ServeOptions | None = None) -> None:
        self.launcher = launcher
        self._serve_options = serve_options
        self._fast_api: FastAPI | None = None

    @property
    def serve_options(self) -> ServeOptions:
        """The settings of the HTTP server; what was not given is read from the environment.

        Raises:
            ConfigurationError: the environment asks for something impossible.
        """
        if self._serve_options is None:
            from vision_agents.core.runner.options import options_from_environment

            self._serve_options = options_from_environment()
        return self._serve_options

    @property
    def fast_api(self) -> FastAPI:
        """The HTTP application, yours to add to; made when it is first asked for."""
        if self._fast_api is None:
            from vision_agents.core.runner.http import build_app

            self._fast_api = build_app(self.launcher, self.serve_options)
        return self._fast_api

    def run(  # noqa: PLR0917 - documented
        self,
        call_type: str = "default",
        call_id: str | None = None,
        debug: bool = False,  # noqa: FBT001, FBT002 - documented
        log_level: str = "INFO",
        no_demo: bool = False,  # noqa: FBT001, FBT002 - documented
        video_track_override: str | None = None,
        *,
        audio_track_override: str | None = None,
        record: str | None = None,
        events: str | None = None,
        console: TerminalOptions | None = None,
        log_format: LogFormat | None = None,
    ) -> None:
        """Run one agent in one call, in the terminal; returns when the call has ended.

        Ctrl-C or SIGTERM ends the call; a second one ends the process at once.

        Args:
            call_type: of the call.
            call_id: of the call; made up where it is left out.
            debug: turn asyncio's debug mode on.
            log_level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
            no_demo: do not open the edge's demo page.
            video_track_override: a video file in the place of the live video.
            audio_track_override: an audio file as the caller; the call stays inside of this process, and
                ends when the file has ended and the agent has answered.
            record: a stereo WAV to write: left the others, right the agent.
            events: a file to write every event to, as JSON lines.
            console: the person at this terminal is the caller, whatever edge the agent has.
            log_format: ``"rich"`` or ``"json"``; left out, what suits standard error.

        Raises:
            VisionAgentsError: a file, a model or an option that cannot work.
        """
        from vision_agents.core.runner.console_run import RunOptions
        from vision_agents.core.runner.logs import logging_to_stderr

        options = RunOptions(
            call_type=call_type,
            call_id=call_id,
            no_demo=no_demo,
            video_track_override=video_track_override,
            audio_track_override=audio_track_override,
            record=record,
            events=events,
            console=console,
        )
        with logging_to_stderr(log_level, log_format), asyncio.Runner(debug=debug or None) as runner:
            runner.run(self._run(options))

    def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 8000,
        agents_log_level: str = "INFO",
        http_log_level: str = "INFO",
        debug: bool = False,  # noqa: FBT001, FBT002 - documented
        *,
        drain_timeout: Seconds = 18.0,
        log_format: LogFormat | None = None,
    ) -> None:
        """Serve HTTP, which starts agents in calls; returns when it was told to end.

        On SIGTERM or Ctrl-C no more sessions are started, and those that run have `drain_timeout` seconds
        to end; then they are closed. A second signal ends the process at once.

        Args:
            host: address to listen on.
            port: 0 for any that is free; the log tells which.
            agents_log_level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
            http_log_level: the same, for requests and connections.
            debug: turn asyncio's debug mode on.
            drain_timeout: seconds that running sessions have to end.
            log_format: ``"rich"`` or ``"json"``; left out, what suits standard error.

        Raises:
            VisionAgentsError: a setting that cannot work.
        """
        from vision_agents.core.runner.http.server import AgentServer, ServeSettings
        from vision_agents.core.runner.logs import server_logging_to_stderr
        from vision_agents.core.runner.watchdog import Watchdog

        settings = ServeSettings(host=host, port=port, drain_timeout=drain_timeout)
        server = AgentServer(self.fast_api, settings)
        key = self.serve_options.api_key
        secrets = [] if key is None else [key.get_secret_value()]
        with (
            server_logging_to_stderr(agents_log_level, http_log_level, log_format, secrets=secrets),
            Watchdog() as watchdog,
            asyncio.Runner(debug=debug or None) as runner,
        ):
            runner.run(server.run(watchdog))

    def cli(self, args: Sequence[str] | None = None) -> NoReturn:
        """Run the command line, by default the process's own; ends with `SystemExit`.

        What goes wrong is told in one sentence on standard error, with exit code 2.
        """
        from vision_agents.core.runner.command_line import execute

        raise SystemExit(execute(self, args))

    async def _run(self, options: RunOptions) -> None:
        from vision_agents.core.runner.console_run import ConsoleRun
        from vision_agents.core.runner.screen import Screen
        from vision_agents.core.runner.signals import cancelling_on_signals

        with cancelling_on_signals() as interruption:
            try:
                await ConsoleRun(
                    self.launcher, options, Screen(), serve_options=lambda: self.serve_options
                ).run()
            except asyncio.CancelledError:
                if not interruption.came:
                    raise
