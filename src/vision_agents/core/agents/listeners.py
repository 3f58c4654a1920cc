"""Everybody who is heard, each with a listener of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from vision_agents.core.agents.listener import Listener
from vision_agents.core.agents.listener_relay import ListenerRelay
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.turns.observations import Floor
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds


class Listeners:
    """Makes a listener with a participant's first frame.

    Args:
        make: makes a listener of the parts as they are at that moment.
        scope: holds the tasks that close listeners.
    """

    def __init__(self, make: Callable[[Participant], Listener], scope: TaskScope) -> None:
        self._make = make
        self._scope = scope
        self._relays: dict[str, ListenerRelay] = {}
        self._floor = Floor.FREE
        self._told = False

    @property
    def pending(self) -> bool:
        """Whether somebody's turn has begun and not ended."""
        return any(relay.pending for relay in self._relays.values())

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a participant's audio."""
        relay = self._relays.get(participant.id)
        if relay is None:
            relay = ListenerRelay(partial(self._make, participant), self._retire)
            self._relays[participant.id] = relay
            relay.floor_changed(self._floor)
            if self._told:
                relay.begin_turn()
        relay.push(pcm)

    def begin_turn(self) -> None:
        """Open the turn of everybody who is being heard."""
        self._told = True
        for relay in list(self._relays.values()):
            relay.begin_turn()

    def end_turn(self) -> None:
        """End the turn of everybody who is speaking."""
        self._told = False
        for relay in list(self._relays.values()):
            relay.end_turn()

    def floor_changed(self, floor: Floor) -> None:
        """Hear what the agent is doing now."""
        self._floor = floor
        for relay in list(self._relays.values()):
            relay.floor_changed(floor)

    def others_speaking(self, participant: Participant) -> list[Seconds]:
        """When the turns of the others that are still going on began."""
        others = (relay for key, relay in self._relays.items() if key != participant.id)
        return [began for other in others if (began := other.turn_began) is not None]

    def take_out(self, participant: Participant) -> ListenerRelay | None:
        """Give the listener of somebody who has left."""
        return self._relays.pop(participant.id, None)

    def renew(self) -> None:
        """Let new listeners take over, each between two turns."""
        for relay in self._relays.values():
            relay.renew()

    async def steady(self) -> None:
        """Return when the new listeners have taken over."""
        await asyncio.gather(*(relay.steady() for relay in self._relays.values()))

    async def close(self) -> None:
        """Hear nothing more, from anybody."""
        relays, self._relays = list(self._relays.values()), {}
        await asyncio.gather(*(relay.close() for relay in relays))

    def _retire(self, listener: Listener) -> None:
        if not self._scope.closed:
            self._scope.start(listener.close(), name="retire")
