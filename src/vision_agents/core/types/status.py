"""The one vocabulary for how a session stands and why it ended."""

from dataclasses import dataclass
from enum import StrEnum


class SessionStatus(StrEnum):
    """Where a session is in its life."""

    STARTING = "starting"
    ACTIVE = "active"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a session ended."""

    COMPLETED = "completed"
    REQUESTED = "requested"
    HANGUP = "hangup"
    LEFT = "left"
    CALL_ENDED = "call_ended"
    TRANSFERRED = "transferred"
    IDLE_TIMEOUT = "idle_timeout"
    MAX_DURATION = "max_duration"
    USER_SILENT = "user_silent"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    DRAINED = "drained"
    START_TIMEOUT = "start_timeout"
    JOIN_TIMEOUT = "join_timeout"
    OWNER_LOST = "owner_lost"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CloseReason:
    """A reason and a free detail, for example ``hangup`` and ``"manual_hangup"``."""

    reason: Reason
    detail: str = ""


class UserState(StrEnum):
    """What the human side does."""

    IDLE = "idle"
    SPEAKING = "speaking"
    LISTENING = "listening"


class AgentState(StrEnum):
    """What the agent does."""

    STARTING = "starting"
    IDLE = "idle"
    SPEAKING = "speaking"
    LISTENING = "listening"
    THINKING = "thinking"
    CLOSING = "closing"
