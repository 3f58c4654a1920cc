"""A transport that plays later than it is sent to, and drops what it has not played when it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, LegStep
from vision_agents.core.types.people import Participant, User

LATENCY = 0.6


class LateConnection(Connection):
    """Plays each frame `LATENCY` seconds after it was sent, unless it is flushed before."""

    def __init__(self, line: Connection) -> None:
        self.capabilities = line.capabilities
        self._line = line
        self._waiting: deque[tuple[asyncio.TimerHandle, PcmData]] = deque()

    @property
    def participants(self) -> tuple[Participant, ...]:
        return self._line.participants

    @property
    def idle_since(self) -> float | None:
        return self._line.idle_since

    @property
    def unplayed(self) -> float:
        return sum(pcm.duration for _, pcm in self._waiting)

    def send_audio(self, frame: PcmData) -> None:
        self._waiting.append((asyncio.get_running_loop().call_later(LATENCY, self._play), frame))

    def flush_audio(self, last: PcmData | None = None) -> None:
        while self._waiting:
            self._waiting.popleft()[0].cancel()
        if last is not None:
            self._line.send_audio(last)

    async def wait_for_participant(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the port
        await self._line.wait_for_participant(timeout)

    async def transfer(self, target: str, told: Callable[[LegStep], None]) -> None:
        await self._line.transfer(target, told)

    async def dial(
        self, target: str, listener: ConnectionListener, told: Callable[[LegStep], None]
    ) -> Connection:
        return await self._line.dial(target, listener, told)

    async def bridge(self, leg: Connection) -> None:
        await self._line.bridge(leg)

    async def close(self) -> None:
        self.flush_audio()
        await self._line.close()

    def _play(self) -> None:
        self._line.send_audio(self._waiting.popleft()[1])


class LateEdge(Edge):
    """An edge with a jitter buffer."""

    async def join(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, call: Call, user: User, listener: ConnectionListener
    ) -> LateConnection:
        return LateConnection(await super().join(call, user, listener))
