"""Telephones that a call may be handed over to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from vision_agents.core.edge.loopback import Edge, LoopbackPeer, LoopbackPhone
from vision_agents.core.telephony.transfer_steps import TransferFailure

TELEPHONES: dict[str, TransferFailure | None] = {
    "+15550100": None,
    "+15550101": TransferFailure.BUSY,
    "+15550102": TransferFailure.DECLINED,
    "+15550103": TransferFailure.NO_ANSWER,
    "+15550104": TransferFailure.UNREACHABLE,
    "+15550105": None,
    "+15550106": TransferFailure.DECLINED,
}
"""How a transfer to each of them ends, if nothing else happens."""
TAKES, IS_BUSY = "+15550100", "+15550101"
WARM = {"+15550105": "1", "+15550106": "2"}
"""Those who are told what it is about, and the key that they press then."""


def install(edge: Edge, start: Callable[[Coroutine[Any, Any, None]], object]) -> None:
    """Connect all telephones with an edge; `start` runs what their owners do."""
    for number, status, rings in (
        (TAKES, None, 0.8),
        (IS_BUSY, 486, 0.5),
        ("+15550102", 603, 1.0),
        ("+15550103", None, None),
    ):
        edge.add_phone(LoopbackPhone(f"tel:{number}", rings=rings, status=status))
    for number, key in WARM.items():
        answered = _presses(key, start)
        edge.add_phone(LoopbackPhone(f"tel:{number}", rings=0.5, answered=answered))


def _presses(
    key: str, start: Callable[[Coroutine[Any, Any, None]], object]
) -> Callable[[LoopbackPeer], None]:
    async def listens(peer: LoopbackPeer) -> None:
        await asyncio.sleep(3)
        peer.press(key)

    def answered(peer: LoopbackPeer) -> None:
        start(listens(peer))

    return answered
