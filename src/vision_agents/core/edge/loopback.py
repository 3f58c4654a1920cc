"""The in-process edge: parties meet by call id, and what one sends the others hear at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.company import Company
from vision_agents.core.edge.loopback_peer import (
    HeardFrame,
    LoopbackPeer,
    LoopbackPhone,
    SeenFrame,
    about,
    presence,
    ring,
)
from vision_agents.core.edge.loopback_room import LoopbackExchange, LoopbackRoom, Seat
from vision_agents.core.edge.transport import (
    Call,
    Capability,
    Connection,
    ConnectionListener,
    EdgeTransport,
    LegStep,
)
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame

__all__ = [
    "ALL_CAPABILITIES",
    "Edge",
    "HeardFrame",
    "LoopbackConnection",
    "LoopbackPeer",
    "LoopbackPhone",
    "SeenFrame",
]

ALL_CAPABILITIES = frozenset(Capability) - {Capability.PLAYBACK_POSITION, Capability.FEED}
"""What this edge can do."""


class LoopbackConnection(Connection):
    """The agent's leg. Frames are heard the moment they are sent: a flush finds nothing, and is counted."""

    capabilities = ALL_CAPABILITIES

    def __init__(self, room: LoopbackRoom, user: User, listener: ConnectionListener) -> None:
        self._room = room
        self._listener = listener
        self._company = Company()
        self._moving = False
        self.flushes = 0
        self._seat = Seat(
            participant=presence(user),
            about=about(user),
            on_audio=listener.on_audio,
            on_video=listener.on_video,
            on_video_ended=listener.on_video_ended,
            on_joined=self._on_joined,
            on_left=self._on_left,
            on_ended=self._on_ended,
            on_digit=self._on_digit,
        )

    def enter(self) -> None:
        """Go into the room; the listener hears of those who are there before this returns."""
        self._room.enter(self._seat)

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The others in the call."""
        return () if self._company.over else self._room.others(self._seat)

    @property
    def participants_data(self) -> Mapping[str, Mapping[str, object]]:
        """What the others told of themselves: their name, and ``User.custom``."""
        return {} if self._company.over else self._room.about_others(self._seat)

    def send_audio(self, frame: PcmData) -> None:
        """Let the others hear a frame; after the end of the call nobody does."""
        self._check(frame)
        self._room.send_audio(self._seat, frame)

    def flush_audio(self, last: PcmData | None = None) -> None:
        """Let the others hear `last`, and count the flush: there is nothing to drop."""
        if last is not None:
            self.send_audio(last)
        self.flushes += 1

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - the port
        """Return when somebody else is in the call.

        Raises:
            TimeoutError: nobody came within `timeout` seconds.
            EdgeError: the call ended before anybody came.
        """
        await self._company.wait(timeout)

    @property
    def idle_since(self) -> Seconds | None:
        """When the agent was left alone, on the event loop's clock; None while others are in the call."""
        return self._company.idle_since

    def send_video(self, frame: VideoFrame) -> None:
        """Let the others see a picture; after the end of the call nobody does."""
        self._need(Capability.VIDEO_OUT, "send video")
        self._room.send_video(self._seat, TrackType.VIDEO, frame)

    async def send_custom_event(self, data: Mapping[str, object]) -> None:
        """Give application data to the others."""
        self._room.send_event(self._seat, data)

    async def send_dtmf(self, digit: str) -> None:
        """Press a key."""
        self._need(Capability.DTMF, "send keys beside the audio")
        self._room.send_digit(self._seat, digit)

    async def transfer(self, target: str, told: Callable[[LegStep], None]) -> None:
        """Call a `LoopbackPhone`, and let it into the call."""
        self._need(Capability.TRANSFER, "transfer calls")
        phone = await ring(self._room.exchange, target, told)
        phone.enter(self._room)

    async def dial(
        self, target: str, listener: ConnectionListener, told: Callable[[LegStep], None]
    ) -> LoopbackConnection:
        """Call a `LoopbackPhone` on a leg of its own."""
        self._need(Capability.DIAL, "place a second call")
        phone = await ring(self._room.exchange, target, told)
        room = self._room.exchange.room(new_id("leg"))
        leg = LoopbackConnection(room, User(id=self._seat.participant.user_id), listener)
        leg.capabilities = self.capabilities
        leg.enter()
        phone.enter(room)
        return leg

    async def bridge(self, leg: Connection) -> None:
        """Bring those on the leg into this call."""
        if not isinstance(leg, LoopbackConnection):
            raise EdgeError("Only legs of this edge can be joined.")
        leg.let_go(self._room)
        await leg.close()

    def let_go(self, room: LoopbackRoom) -> None:
        """Send the others into another call, and hear no more of them."""
        self._moving = True
        self._room.move_others(self._seat, room)

    async def end(self, detail: str = "") -> None:
        """End the call for everybody."""
        if not self._company.over:
            self._room.end(detail)

    def _need(self, capability: Capability, verb: str) -> None:
        if capability not in self.capabilities:
            raise self._cannot(verb)

    def _on_digit(self, participant: Participant, digit: str) -> None:
        if Capability.DTMF in self.capabilities:
            self._listener.on_dtmf(participant, digit)

    async def close(self) -> None:
        """Leave the call."""
        self._room.leave(self._seat)
        self._company.end("The agent has left the call")

    def _on_joined(self, participant: Participant) -> None:
        self._company.somebody()
        self._listener.on_participant_joined(participant)

    def _on_left(self, participant: Participant) -> None:
        if not self.participants:
            self._company.nobody()
        if not self._moving:
            self._listener.on_participant_left(participant)

    def _on_ended(self, detail: str) -> None:
        self._company.end("The call has ended")
        self._listener.on_call_ended(detail)


class Edge(EdgeTransport):
    """Carries calls inside of this process.

    Args:
        exchange: shared by the edges of agents that shall meet; by default the edge has its own.
        capabilities: what it can do; fewer make it like another edge.
    """

    provider = "loopback"

    def __init__(
        self,
        exchange: LoopbackExchange | None = None,
        *,
        capabilities: frozenset[Capability] = ALL_CAPABILITIES,
    ) -> None:
        self._exchange = exchange or LoopbackExchange()
        self._capabilities = capabilities
        self._call: Call | None = None
        self._connections: list[LoopbackConnection] = []

    async def create_call(self, call_type: str, call_id: str) -> Call:
        """Name a call; its room opens with the first who joins."""
        self._call = await super().create_call(call_type, call_id)
        return self._call

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        """Join a call; the listener hears of those who are in it before this returns."""
        self._call = call
        connection = LoopbackConnection(self._exchange.room(call.id), user, listener)
        connection.capabilities = self._capabilities
        self._connections.append(connection)
        connection.enter()
        return connection

    def add_phone(self, phone: LoopbackPhone) -> None:
        """Let somebody be called from this edge, and from those that share its exchange."""
        self._exchange.phones[phone.address] = phone

    def join_as(
        self,
        user: User,
        call_id: str | None = None,
        *,
        on_audio: Callable[[HeardFrame], None] | None = None,
        on_joined: Callable[[Participant], None] | None = None,
        on_video: Callable[[SeenFrame], None] | None = None,
    ) -> LoopbackPeer:
        """Join as the other side: the call `call_id`, or the one the agent made or joined last.

        Args:
            user: who joins.
            call_id: of the call.
            on_audio: gets what this side hears; without it, the peer keeps it in `heard`.
            on_joined: hears of the others in the call, also of those who are in it already.
            on_video: gets what this side sees; without it, the peer keeps it in `seen`.
        """
        if call_id is None and self._call is None:
            raise EdgeError("There is no call yet: give the call_id of the one to join.")
        room = self._exchange.room(call_id or (self._call.id if self._call else ""))
        return LoopbackPeer(room, user, on_audio=on_audio, on_joined=on_joined, on_video=on_video)

    async def close(self) -> None:
        """Leave all calls."""
        for connection in self._connections:
            await connection.close()
