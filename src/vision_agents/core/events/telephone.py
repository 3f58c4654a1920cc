"""Events of a telephone line: keys, transfers, and who took the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vision_agents.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceivedEvent(Event):
    """A participant pressed a key; the keys of a secret never come."""

    type: ClassVar[str] = "plugin.edge.dtmf_received"
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEvent(Event):
    """A transfer has ended; `error` is empty where somebody else has the caller now."""

    type: ClassVar[str] = "agent.transfer"
    kind: str
    reached: str
    error: str = ""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailResultEvent(Event):
    """It is decided who took the call; `clue` tells by what."""

    type: ClassVar[str] = "voicemail_result"
    is_voicemail: bool
    answered_by: str
    clue: str
