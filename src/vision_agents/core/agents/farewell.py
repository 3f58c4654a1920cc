"""The end of a session, step by step, under one deadline: a step that hangs is left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.edge.transport import Connection
from vision_agents.core.events.agent import (
    AgentFinishEvent,
    AgentLeavingCallEvent,
    AgentLeftCallEvent,
    CallInfo,
)
from vision_agents.core.types.status import AgentState, CloseReason, Reason, SessionStatus
from vision_agents.core.types.units import Seconds

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent
    from vision_agents.core.agents.session import AgentSession

logger = logging.getLogger("vision_agents.host")

_FOR_GOODBYE = 0.75
"""The share of the time that `on_exit` and what it says may take; the rest is for leaving."""


class Farewell:
    """Takes leave, ends the session's tasks, leaves the call, gives everything back.

    Args:
        session: what ends.
        call: what is left.
        deadline: seconds for all steps together.
    """

    def __init__(self, session: AgentSession, call: CallInfo, *, deadline: Seconds) -> None:
        self._session = session
        self._call = call
        self._limit = deadline
        self._loop = asyncio.get_running_loop()
        self._ends_at: Seconds = 0.0
        self._goodbye = TaskScope(f"goodbye:{session.id}")
        self.told = Flag()
        """Set when the end was told; only event handlers still run."""
        self.end_call: str | None = None
        """Why the call is ended for everybody; None where the agent only leaves it."""
        self.end_error: Exception | None = None

    def holds(self, task: asyncio.Task[object] | None) -> bool:
        """Whether `task` runs the agent's `on_exit`."""
        return self._goodbye.holds(task)

    async def take_leave(
        self,
        dialogue: Dialogue | None,
        *,
        work: TaskScope,
        hooks: TaskScope,
        connection: Connection | None,
    ) -> None:
        """Fall silent and deaf, let the agent say goodbye, and end the tasks."""
        self._ends_at = self._loop.time() + self._limit
        self._session.status = SessionStatus.CLOSING
        self._session.states.set_agent(AgentState.CLOSING)
        self._session.wake_ups.stop()
        if dialogue is not None:
            dialogue.turns.close()
            await self._step(dialogue.stop_listening(), "stop listening")
        await self._step(hooks.close(), "end hooks", share=0.5)
        agent, self._session.entered = self._session.entered, None
        if dialogue is not None and agent is not None and agent.has_on_exit:
            if self._somebody_left(connection):
                dialogue.turns.reopen()
            words = self._say_goodbye(dialogue, agent)
            goodbye = self._goodbye.start(words, name="on_exit", on_error=self._warn)
            await self._step(asyncio.wait([goodbye]), "on_exit", share=_FOR_GOODBYE)
        if dialogue is not None:
            dialogue.stop()
        await self._step(self._goodbye.close(), "end on_exit", share=0.5)
        await self._step(work.close(), "end tasks", share=0.5)

    async def leave(self, connection: Connection | None) -> None:
        """Leave the call, give everything back, and tell how it ended."""
        session = self._session
        self._ends_at = self._ends_at or self._loop.time() + self._limit
        reason = session.close_reason or CloseReason(Reason.COMPLETED)
        await self._step(session.processing.close(), "end processors", share=0.25)
        if connection is not None:
            session.events.emit(
                AgentLeavingCallEvent, call=self._call, reason=reason.reason, detail=reason.detail
            )
            if self.end_call is not None:
                await self._step(self._end(connection, self.end_call), "end the call", share=0.5)
            await self._step(connection.close(), "leave the call")
            session.events.emit(AgentLeftCallEvent, call=self._call)
        await self._step(session.agent.close_parts(), "close parts")
        if session.job is not None:
            await self._step(session.job.run_shutdown_callbacks(), "shutdown callbacks")
        session.events.emit(AgentFinishEvent, reason=reason.reason, detail=reason.detail)
        self.told.set()
        await self._step(session.events.drain(), "event handlers")

    async def _say_goodbye(self, dialogue: Dialogue, agent: Agent) -> None:
        """Run `on_exit`, and play out what it says."""
        await agent.on_exit()
        await dialogue.quiet.wait()

    async def _end(self, connection: Connection, detail: str) -> None:
        try:
            await connection.end(detail)
        except Exception as error:
            self.end_error = error
            raise

    def _somebody_left(self, connection: Connection | None) -> bool:
        reason = self._session.close_reason
        ended = reason is not None and reason.reason is Reason.CALL_ENDED
        return not ended and connection is not None and bool(connection.participants)

    def _warn(self, error: Exception) -> None:
        logger.error("on_exit failed", extra=failure_fields(error))

    async def _step(self, step: Awaitable[object], name: str, *, share: float = 1.0) -> None:
        """Take one step, in a `share` of the time that is left: late or failing, the next ones still run."""
        now = self._loop.time()
        try:
            async with asyncio.timeout_at(now + (self._ends_at - now) * share):
                await step
        except TimeoutError:
            logger.warning("A closing step took too long and was left", extra={"step": name})
        except Exception as error:  # noqa: BLE001 - closing goes on
            logger.warning("A closing step failed", extra={"step": name, "error": type(error).__name__})
