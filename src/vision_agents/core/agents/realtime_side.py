"""Opens the connection of a realtime model, and lets the model hear and be heard."""

from __future__ import annotations

import logging

from vision_agents.core.agents.agent_turns import AgentTurns
from vision_agents.core.agents.ensemble import Ensemble, Surroundings
from vision_agents.core.agents.realtime_ear import EarHooks, EarParts, RealtimeEar
from vision_agents.core.agents.realtime_link import LinkHooks
from vision_agents.core.agents.realtime_responder import RealtimeResponder
from vision_agents.core.events.plugin import LLMErrorEvent
from vision_agents.core.llm.realtime import UserEvent

logger = logging.getLogger("vision_agents.realtime")


async def connect(
    ensemble: Ensemble, around: Surroundings, *, turns: AgentTurns, hooks: EarHooks
) -> RealtimeEar | None:
    """Open the connection where there is a realtime model; gives its ear, where the model hears."""
    link, responder = ensemble.link, ensemble.answerer
    if link is None or not isinstance(responder, RealtimeResponder):
        return None
    ear = RealtimeEar(
        EarParts(
            link=link,
            responder=responder,
            turns=turns,
            history=around.history,
            states=around.states,
            bus=around.bus,
            reports=around.reports,
        ),
        hooks=hooks,
    )

    def user(event: UserEvent) -> None:
        if ensemble.hears:
            ear.take(event)

    def lost(error: Exception) -> None:
        logger.warning("The realtime model was lost", extra={"error": type(error).__name__})
        around.reports.collector.on_error("llm")
        around.bus.emit(LLMErrorEvent, error_message=str(error) or type(error).__name__)

    await link.connect(LinkHooks(user=user, unasked=ear.unasked, lost=lost))
    return ear if ensemble.hears else None
