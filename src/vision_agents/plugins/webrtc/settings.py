"""Settings of calls in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vision_agents.core.errors import ConfigurationError
from vision_agents.core.types.units import Seconds

MOST_SDP_BYTES = 65_536
MOST_CANDIDATES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """A STUN or TURN server.

    Args:
        urls: for example ``"turn:turn.example.org:3478"``.
        username: for TURN.
        credential: for TURN; the page is told it, so make it a short-lived one.
    """

    urls: str | Sequence[str]
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        """Refuse what no browser takes."""
        for url in self.all_urls:
            if not url.startswith(("stun:", "stuns:", "turn:", "turns:")):
                raise ConfigurationError(f"An ICE server's URL begins with stun: or turn:, not {url[:40]!r}.")

    @property
    def all_urls(self) -> tuple[str, ...]:
        """The URLs, however they were given."""
        return (self.urls,) if isinstance(self.urls, str) else tuple(self.urls)

    def as_json(self) -> dict[str, object]:
        """Write it as browsers want it."""
        account = {"username": self.username, "credential": self.credential} if self.username else {}
        return {"urls": list(self.all_urls), **account}


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """How calls behave.

    Args:
        ice_servers: none by default: nobody outside is asked.
        host_addresses: this machine's own, as the page is told them; left out, all that it has.
        most_people: in one call.
        agent_wait: seconds that a page waits for an agent to join its call.
        connect_wait: seconds from the answer to a page until its media must flow.
        resume_window: seconds that somebody who was cut off may take to come back.
    """

    ice_servers: tuple[IceServer, ...] = ()
    host_addresses: tuple[str, ...] | None = None
    most_people: int = 8
    agent_wait: Seconds = 10.0
    connect_wait: Seconds = 15.0
    resume_window: Seconds = 15.0

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if self.most_people < 1:
            raise ConfigurationError(f"most_people must be at least 1, not {self.most_people}.")
        for name in ("agent_wait", "connect_wait", "resume_window"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} must be > 0, not {getattr(self, name)}.")
