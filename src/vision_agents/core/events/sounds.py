"""Events of what plays behind the voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from vision_agents.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundAudioEvent(Event):
    """A sound behind the voices began or ended; `kind` tells music and rooms from the sound of thinking."""

    type: ClassVar[str] = "agent.background_audio"
    kind: Literal["background", "thinking"]
    playing: bool
    file_path: str
    looping: bool
