"""The other sides of a call on the loopback edge: peers that join it, telephones that can be called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vision_agents.core.aio.flag import Flag
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback_room import LoopbackExchange, LoopbackRoom, Seat, unheard
from vision_agents.core.edge.transport import LegStep
from vision_agents.core.errors import LegFailed
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame


@dataclass(frozen=True, slots=True, eq=False)
class HeardFrame:
    """What a peer heard: `at` is the loop time at which the frame reached it."""

    at: Seconds
    pcm: PcmData
    participant: Participant


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrame:
    """What a peer saw: `at` is the loop time at which the picture reached it."""

    at: Seconds
    frame: VideoFrame
    participant: Participant


class LoopbackPeer:
    """The other side of a call: a test, a simulated caller, a file.

    Without `on_audio` it keeps all that it hears in `heard`, without `on_video` what it sees in `seen`.
    """

    def __init__(
        self,
        room: LoopbackRoom,
        user: User,
        *,
        on_audio: Callable[[HeardFrame], None] | None = None,
        on_joined: Callable[[Participant], None] | None = None,
        on_video: Callable[[SeenFrame], None] | None = None,
    ) -> None:
        self._room = room
        self.heard: list[HeardFrame] = []
        self.seen: list[SeenFrame] = []
        self.events: list[Mapping[str, object]] = []
        self.pressed: list[str] = []
        """The keys that the others pressed."""
        self.ended = Flag()
        self.end_detail = ""
        self._on_audio = on_audio or self.heard.append
        self._on_video = on_video or self.seen.append
        self._seat = Seat(
            participant=presence(user),
            about=about(user),
            on_audio=self._hear,
            on_video=self._see,
            on_joined=on_joined or unheard,
            on_ended=self._end,
            on_event=self._told,
            on_digit=self._pressed,
            on_moved=self._moved,
        )
        room.enter(self._seat)

    @property
    def participant(self) -> Participant:
        """This presence, as the others see it."""
        return self._seat.participant

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The others in the call."""
        return self._room.others(self._seat)

    def send_audio(self, pcm: PcmData) -> None:
        """Let the others hear `pcm`, of any rate and length, before this returns."""
        self._room.send_audio(self._seat, pcm)

    def send_video(self, frame: VideoFrame, kind: TrackType = TrackType.VIDEO) -> None:
        """Let the others see `frame`, of the camera or of the shared screen, before this returns."""
        self._room.send_video(self._seat, kind, frame)

    def end_video(self, kind: TrackType = TrackType.VIDEO) -> None:
        """Turn the camera off, or stop sharing the screen."""
        self._room.end_video(self._seat, kind)

    def press(self, digit: str) -> None:
        """Press a key, told beside the audio."""
        self._room.send_digit(self._seat, digit)

    def leave(self) -> None:
        """Leave the call; the others stay in it."""
        self._room.leave(self._seat)

    def end_call(self, detail: str = "") -> None:
        """End the call for everybody."""
        self._room.end(detail)

    def _moved(self, room: LoopbackRoom) -> None:
        self._room = room

    def _hear(self, sender: Participant, pcm: PcmData) -> None:
        self._on_audio(HeardFrame(asyncio.get_running_loop().time(), pcm, sender))

    def _see(self, sender: Participant, _kind: TrackType, frame: VideoFrame) -> None:
        self._on_video(SeenFrame(asyncio.get_running_loop().time(), frame, sender))

    def _told(self, _sender: Participant, data: Mapping[str, object]) -> None:
        self.events.append(data)

    def _pressed(self, _sender: Participant, digit: str) -> None:
        self.pressed.append(digit)

    def _end(self, detail: str) -> None:
        self.end_detail = detail
        self.ended.set()


class LoopbackPhone:
    """A telephone that can be called from the loopback edge.

    Args:
        address: ``tel:+15550100`` or ``sip:desk@example.org``.
        rings: how long, before somebody answers or `status` comes; None for ever.
        status: how the carrier refuses, in the numbers of SIP; None answers.
        answered: called with its side of the call when it answers.
    """

    def __init__(
        self,
        address: str,
        *,
        rings: Seconds | None = 1.0,
        status: int | None = None,
        answered: Callable[[LoopbackPeer], None] | None = None,
    ) -> None:
        self.address = address
        self.rings = rings
        self.status = status
        self.peer: LoopbackPeer | None = None
        """Its side of the call, once it has answered."""
        self._answered = answered

    def enter(self, room: LoopbackRoom) -> None:
        """Answer."""
        self.peer = LoopbackPeer(room, User(id=self.address, name=self.address))
        if self._answered is not None:
            self._answered(self.peer)


async def ring(exchange: LoopbackExchange, target: str, told: Callable[[LegStep], None]) -> LoopbackPhone:
    """Call a telephone until it answers; raises `LegFailed`."""
    phone = exchange.phones.get(target)
    if phone is None:
        raise LegFailed("There is no such telephone on the loopback edge.", status=404)
    told(LegStep.ACCEPTED)
    if phone.rings != 0:
        told(LegStep.RINGING)
    await (asyncio.Event().wait() if phone.rings is None else asyncio.sleep(phone.rings))
    if phone.status is not None:
        raise LegFailed(f"The telephone answered with status {phone.status}.", status=phone.status)
    return phone


def about(user: User) -> Mapping[str, object]:
    """Give what a user tells of themselves."""
    return {"name": user.name, **user.custom}


def presence(user: User) -> Participant:
    """Make one presence of a user."""
    return Participant(None, user.id or new_id("user"), new_id("participant"))
