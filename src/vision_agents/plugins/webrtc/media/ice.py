"""Which addresses a connection offers, and how it learns that nobody answers any more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aioice import stun

from vision_agents.core.types.units import Seconds
from vision_agents.plugins.webrtc.media.settings import PeerSettings

if TYPE_CHECKING:
    from aioice import Candidate
    from aioice.ice import Connection

LOOPBACK = "127.0.0.1"
_INTERVAL: Seconds = 2.0
_INTERVAL_IN_DOUBT: Seconds = 0.5

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001


def prepare_ice(connection: Connection, settings: PeerSettings) -> None:
    """Give one connection its addresses."""
    gather = connection.get_component_candidates

    async def from_chosen(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:  # noqa: ASYNC109 - the signature of what it wraps
        chosen = list(settings.host_addresses or addresses) or [LOOPBACK]
        return await gather(component=component, addresses=chosen, timeout=timeout)

    connection.get_component_candidates = from_chosen


def watch_consent(connection: Connection, heard: Callable[[], None]) -> None:
    """Ask the browser every 2 s whether it still wants to hear us; `heard` is told each time it does.

    Without an answer it asks at shorter intervals, so that a network that comes back is noticed soon.
    In the place of aioice's own check, which needs 30 s to find out, and then closes the connection.
    """
    connection.query_consent = partial(_ask, connection, heard)


async def _ask(connection: Connection, heard: Callable[[], None]) -> None:
    alive = True
    while True:
        pause = _INTERVAL if alive else _INTERVAL_IN_DOUBT
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        alive = await _answers(connection)
        if alive:
            heard()


async def _answers(connection: Connection) -> bool:
    assert connection.remote_password is not None
    for pair in list(connection._nominated.values()):
        request = connection.build_request(pair, nominate=False)
        try:
            await pair.protocol.request(
                request,
                pair.remote_addr,
                integrity_key=connection.remote_password.encode(),
                retransmissions=1,
            )
        except stun.TransactionError:
            return False
    return True
