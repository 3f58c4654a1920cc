"""Settings of calls in the browser."""

from __future__ import annotations

from dataclasses import dataclass, field

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media.settings import PeerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """How calls behave.

    Args:
        media: of each peer connection.
        most_people: in one call.
        agent_wait: seconds that a page waits for an agent to join its call.
        connect_wait: seconds from the answer to a page until its media must flow.
        resume_window: seconds that somebody who was cut off may take to come back.
    """

    media: PeerSettings = field(default_factory=PeerSettings)
    most_people: int = 8
    agent_wait: Seconds = 10.0
    connect_wait: Seconds = 15.0
    resume_window: Seconds = 15.0

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if self.most_people < 1:
            raise ValueError(f"most_people must be at least 1, not {self.most_people}.")
        for name in ("agent_wait", "connect_wait", "resume_window"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, not {getattr(self, name)}.")
