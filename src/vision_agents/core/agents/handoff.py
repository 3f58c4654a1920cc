"""Hands a call over from one agent to the next, and swaps parts in the middle of a call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from vision_agents.core.agents.ensemble import Persona
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.errors import ConfigurationError, SessionClosed
from vision_agents.core.events.agent import AgentHandedOverEvent, ExceptionEvent
from vision_agents.core.types.status import SessionStatus

if TYPE_CHECKING:
    from vision_agents.core.agents.agent import Agent
    from vision_agents.core.agents.dialogue import Dialogue
    from vision_agents.core.agents.session import AgentSession

logger = logging.getLogger("vision_agents.handoff")

_FAILED = "Handing the call over has failed. Tell the caller, and go on helping as well as you can."
_TAKE_OVER = "You have just taken over this call. Greet the caller and go on."


async def hand_over(session: AgentSession, dialogue: Dialogue, successor: Agent) -> None:
    """Let another agent go on with the call; where it cannot, the old one does. One hand-off at a time."""
    async with session.handing_over:
        if session.status is not SessionStatus.ACTIVE:
            return
        old = session.agent
        try:
            await _take_over(session, dialogue, successor)
        except SessionClosed:
            return
        except Exception as error:  # noqa: BLE001 - the parts are foreign code
            logger.error("The call could not be handed over", extra=failure_fields(error))
            session.events.emit(ExceptionEvent, handler="hand-off", error=error)
            dialogue.turns.reply(_FAILED, policy="queue")
            return
        if session.status is SessionStatus.ACTIVE:  # nobody enters a call that ends
            session.events.emit(AgentHandedOverEvent, old_agent_id=old.id, new_agent_id=successor.id)
            session.processing.look()
            await _enter(session, dialogue, successor)


async def _take_over(session: AgentSession, dialogue: Dialogue, successor: Agent) -> None:
    """Make all ready; only then the old agent takes its leave, and the new one is the session's."""
    old = session.agent
    async with session.swapping:
        async with asyncio.timeout(old.deadlines.start):
            fresh = successor.succeed(old)
            if fresh is not None:
                await fresh.start()
            await successor.initialize_mcp()
        assert successor.pipeline is not None
        persona = Persona(instructions=successor.instructions, tools=successor.functions)
        inherits = successor.inherit_context
        undo = None if inherits else session.history.begin_anew()

        async def leave() -> None:
            await _leave(session, dialogue)
            if not inherits:
                session.history.begin_anew()  # without the old one's goodbye, too

        try:
            await dialogue.change(successor.pipeline, persona, leave=leave)
        except BaseException:
            if undo is not None:
                undo()
            raise
        session.agent, successor.session = successor, session


async def _leave(session: AgentSession, dialogue: Dialogue) -> None:
    """Run the present agent's `on_exit`, once, and let what it says be heard."""
    agent, session.entered = session.entered, None
    if agent is None or not agent.has_on_exit:
        return
    try:
        async with asyncio.timeout(agent.deadlines.close):
            await agent.on_exit()
            await dialogue.quiet.wait()
    except Exception as error:  # noqa: BLE001 - a hook is foreign code
        logger.error("on_exit failed", extra=failure_fields(error))


async def _enter(session: AgentSession, dialogue: Dialogue, agent: Agent) -> None:
    session.entered = agent
    try:
        await agent.on_enter()
    except Exception as error:  # noqa: BLE001 - the parts are foreign code
        logger.error("on_enter failed", extra=failure_fields(error))
        session.events.emit(ExceptionEvent, handler="on_enter", error=error)
    if dialogue.settled:  # nobody says anything: the caller must not be left in silence
        dialogue.turns.reply("" if agent.inherit_context else _TAKE_OVER, policy="queue")


async def change_pipeline(
    session: AgentSession, dialogue: Dialogue | None, make: Callable[[Pipeline], Pipeline]
) -> None:
    """Let other parts go on; parts that are not used any more are closed when nothing needs them."""
    async with session.swapping:
        old = session.pipeline
        if old is None:
            raise ConfigurationError("The session has no pipeline to change: give the agent its parts first.")
        pipeline = make(old)
        if dialogue is not None:
            await pipeline.start_parts([part for part in pipeline.components if part not in old.components])
            unused = [part for part in old.components if part not in pipeline.components]
            await dialogue.change(pipeline, None, closing=unused)
        session.agent.use(pipeline)
