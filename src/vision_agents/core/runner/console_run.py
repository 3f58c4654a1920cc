"""One session in a terminal: the files it reads and writes, the agent, the call, the summary."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vision_agents.core.agents.agent import Agent
from vision_agents.core.agents.session import AgentSession
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge import loopback
from vision_agents.core.edge.file_caller import FileCaller
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Call
from vision_agents.core.errors import ConfigurationError
from vision_agents.core.launcher.launcher import AgentLauncher
from vision_agents.core.media.local_file import open_media_file
from vision_agents.core.runner.event_log import EventLog
from vision_agents.core.runner.file_call import FileCall
from vision_agents.core.runner.pages import CallPages
from vision_agents.core.runner.recording import RecordedEdge, recording
from vision_agents.core.runner.screen import Screen
from vision_agents.core.runner.terminal_call import TerminalCall, TerminalOptions
from vision_agents.core.types.ids import new_id, parse_call_id, parse_call_type
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.runner.options import ServeOptions

logger = logging.getLogger("vision_agents.runner")

_FOR_A_PAGE: Seconds = 3600.0
"""The greeting and the launcher's idle timeout wait for the page to be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `Runner.run` was asked for; it says what each means."""

    call_type: str = "default"
    call_id: str | None = None
    no_demo: bool = False
    video_track_override: str | None = None
    audio_track_override: str | None = None
    record: str | None = None
    events: str | None = None
    console: TerminalOptions | None = None

    def __post_init__(self) -> None:
        """Refuse ids that are not allowed."""
        parse_call_type(self.call_type)
        if self.call_id is not None:
            parse_call_id(self.call_id)
        if self.console is not None and self.audio_track_override is not None:
            raise ConfigurationError("A call has one caller: leave out --console, or --audio-track-override.")


class ConsoleRun:
    """Runs one session to its end.

    Args:
        launcher: starts it; started and stopped here.
        options: what was asked for.
        screen: shows the conversation.
        serve_options: gives the settings of the server of the edge's page, where it has one.
    """

    def __init__(
        self,
        launcher: AgentLauncher,
        options: RunOptions,
        screen: Screen,
        *,
        serve_options: Callable[[], ServeOptions] | None = None,
    ) -> None:
        self._pages = CallPages(launcher, serve_options, screen, opens=not options.no_demo)
        self._launcher = launcher
        self._options = options
        self._screen = screen
        self._caller: FileCall | TerminalCall | None = None
        self._recorder: Recorder | None = None
        self._event_log: EventLog | None = None
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Talk until the call has ended; raises what kept it from being whole.

        The files come first: what cannot work is told before any model is loaded.
        """
        options = self._options
        call = Call(id=options.call_id or new_id(), type=options.call_type)
        async with AsyncExitStack() as stack:
            await self._open_files(stack)
            with self._screen.progress("Getting the models ready ..."):
                await self._launcher.warmup(configure=self._look_at)
            await stack.enter_async_context(self._launcher)
            session = await self._launcher.start_session(
                call.id, call.type, options.video_track_override, configure=self._configure
            )
            try:
                async with self._pages.serving(call):
                    await self._talk(session, call)
            finally:
                self._screen.show_summary()

    async def _open_files(self, stack: AsyncExitStack) -> None:
        options = self._options
        if options.video_track_override is not None:
            video = await asyncio.to_thread(open_media_file, options.video_track_override)
            video.close()
        if options.audio_track_override is not None:
            caller = await FileCaller.open(options.audio_track_override)
            stack.push_async_callback(caller.close)
            self._caller = FileCall(caller)
        if options.console is not None:
            self._caller = terminal = TerminalCall(options.console)
            stack.push_async_callback(terminal.close)
            await terminal.open()
        if options.record is not None:
            self._recorder = await stack.enter_async_context(recording(options.record))
        if options.events is not None:
            self._event_log = await stack.enter_async_context(EventLog.open(options.events))

    def _look_at(self, agent: Agent) -> None:
        self._check(agent)
        if self._caller is None:
            self._pages.take(agent)

    def _check(self, agent: Agent) -> None:
        """Refuse an agent that nobody could ever talk to."""
        if self._caller is None and isinstance(agent.edge, loopback.Edge):
            raise ConfigurationError(
                "Nobody can join this agent, for its edge carries calls inside of this process only: "
                "pass --console or --audio-track-override FILE, or give it an edge that people can reach."
            )

    async def _configure(self, agent: Agent) -> None:
        """Put the run's ears and taps on an agent."""
        self._check(agent)
        if self._caller is not None:
            await self._take_over(agent, self._caller)
        if self._recorder is not None:
            agent.edge = RecordedEdge(agent.edge, self._recorder)
        if self._pages.wanted:
            agent.company_wait = _FOR_A_PAGE
        if self._event_log is not None:
            self._event_log.attach(agent.events)
        self._screen.attach(agent.events, counts_only=self._options.console is not None)
        if self._options.video_track_override is not None and not agent.takes_video:
            logger.warning("No part of this agent takes video: the video track override has no effect")

    async def _take_over(self, agent: Agent, caller: FileCall | TerminalCall) -> None:
        """Let the caller's edge take the place of the agent's own."""
        try:
            replaced = agent.edge
        except ConfigurationError:  # it has none, and needs none
            replaced = None
        agent.edge = caller.edge
        caller.attach(agent.events)
        if replaced is not None:
            try:
                await replaced.close()
            except Exception as error:  # noqa: BLE001 - an edge that never started may not know how to close
                logger.warning("The agent's own edge failed to close", extra={"error": type(error).__name__})

    async def _talk(self, session: AgentSession, call: Call) -> None:
        async with TaskScope("run") as scope:
            if self._caller is not None:
                scope.start(self._caller.make(session), name="caller", on_error=self._note)
            elif not (self._options.no_demo or self._pages.wanted):
                scope.start(session.agent.edge.open_demo(call), name="demo")
            await session.wait()
        if reason := session.close_reason:
            logger.info("The session has ended", extra={"reason": reason.reason, "detail": reason.detail})
        if self._failure is not None:
            raise self._failure

    def _note(self, error: Exception) -> None:
        self._failure = error
