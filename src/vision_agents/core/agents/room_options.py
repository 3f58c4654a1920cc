"""How an agent is in a call, where no launcher decides it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.session")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """Options of the call a job joins.

    Args:
        room_id: id of the call; left out, one is made up.
        name: the agent's name in the call; left out, that of its `agent_user`.
        auto_end_session: end the session when the agent is alone for too long.
        session_timeout_seconds: how long it stays after the last participant has left.
        no_participant_timeout_seconds: how long it waits for the first one.
        background_audio: accepted; every session can mix sounds.
        vision: accepted; what is shown goes to whatever part of the agent looks.
        playground: has no effect; ``Runner.cli`` opens the page.
        auth_token: refused; credentials belong to the edge.
        recording: refused; the command line records.
    """

    room_id: str | None = None
    name: str | None = None
    auto_end_session: bool = True
    session_timeout_seconds: Seconds = 5.0
    no_participant_timeout_seconds: Seconds = 90.0
    background_audio: bool = False
    playground: bool | None = None
    auth_token: str | None = None
    vision: bool = False
    recording: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be silently ignored."""
        for name in ("session_timeout_seconds", "no_participant_timeout_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, not {getattr(self, name)}.")
        for name, instead in _REFUSED.items():
            if getattr(self, name):
                raise ConfigurationError(f"RoomOptions.{name} does nothing here: {instead}.")
        if self.playground is not None:
            logger.warning("RoomOptions.playground has no effect: the command line opens the page")


_REFUSED = {
    "auth_token": "give the credentials to the edge",
    "recording": "start the agent with --record FILE",
}
