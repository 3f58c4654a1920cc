"""What an operator can set of a peer connection."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from vision_agents.core.types.units import Seconds


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server.

    Args:
        url: for example ``"turn:turn.example.org:3478"``.
        username: TURN only.
        credential: TURN only.
    """

    url: str
    username: str | None = None
    credential: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no ICE server."""
        if not self.url.startswith(("stun:", "stuns:", "turn:", "turns:")):
            raise ValueError("The URL of an ICE server begins with stun:, stuns:, turn: or turns:.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """How a peer connection reaches the browser, and what it accepts.

    Args:
        ice_servers: none by default: then no packet goes to anybody but the browser.
        host_addresses: IP addresses to offer; None offers the machine's own, and loopback where
            there is no other.
        max_sdp_bytes: longest offer.
        max_candidates: most candidates in an offer.
        connect_timeout: for the whole way from the answer to the first media, in seconds.
        interrupted_after: so long without a sign of life, in seconds, and the peer counts as interrupted.
        lost_after: so long without one, and it is gone for good.
        close_timeout: longest time that `close` takes, in seconds.
    """

    ice_servers: tuple[IceServer, ...] = ()
    host_addresses: tuple[str, ...] | None = None
    max_sdp_bytes: int = 64 * 1024
    max_candidates: int = 50
    connect_timeout: Seconds = 20.0
    interrupted_after: Seconds = 6.0
    lost_after: Seconds = 30.0
    close_timeout: Seconds = 2.0

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        for address in self.host_addresses or ():
            ipaddress.ip_address(address)
        if self.host_addresses == ():
            raise ValueError("host_addresses must name an address, or be None for the machine's own.")
        if min(self.max_sdp_bytes, self.max_candidates) < 1:
            raise ValueError("max_sdp_bytes and max_candidates must be >= 1.")
        if min(self.connect_timeout, self.close_timeout, self.interrupted_after) <= 0:
            raise ValueError("connect_timeout, close_timeout and interrupted_after must be > 0 s.")
        if self.lost_after <= self.interrupted_after:
            raise ValueError(
                f"lost_after ({self.lost_after} s) must be longer than "
                f"interrupted_after ({self.interrupted_after} s)."
            )
