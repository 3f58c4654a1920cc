"""The root of every event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a session.

    The bus fills in `session_id` and `at` (the event loop's clock) when it publishes the event.
    """

    type: ClassVar[str] = "event"
    frequent: ClassVar[bool] = False
    """Comes many times a second: only who asks for this very class gets it."""

    session_id: str = ""
    at: Seconds = 0.0
    participant: Participant | None = None
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    event_id: str = field(default_factory=lambda: new_id("evt"))
