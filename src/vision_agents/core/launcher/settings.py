"""What a launcher is allowed, and how long it waits."""

import re
from dataclasses import dataclass

from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherSettings:
    """The limits and deadlines of one launcher; `AgentLauncher` says what each means.

    Raises:
        ValueError: a value that no session could live with; the text begins with its name.
    """

    agent_idle_timeout: Seconds = 60.0
    max_concurrent_sessions: int | None = None
    max_sessions_per_call: int | None = None
    max_session_duration_seconds: Seconds | None = None
    maintenance_interval: Seconds = 5.0
    start_timeout: Seconds = 30.0
    close_timeout: Seconds = 8.0
    call_id_pattern: str | None = None

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if not self.agent_idle_timeout >= 0:
            raise ValueError(f"agent_idle_timeout must be >= 0, not {self.agent_idle_timeout}.")
        for name in ("maintenance_interval", "start_timeout", "close_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, not {getattr(self, name)}.")
        for name in ("max_concurrent_sessions", "max_sessions_per_call", "max_session_duration_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be > 0 or None, not {value}.")
        try:
            re.compile(self.call_id_pattern or "")
        except re.error as error:
            raise ValueError(f"call_id_pattern must be a regular expression: {error}.") from error
