"""Where the parties of the loopback edge meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import VideoFrame

if TYPE_CHECKING:
    from vision_agents.core.edge.loopback_peer import LoopbackPhone


def unheard(*_news: object) -> None:
    """Hear nothing of it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seat:
    """One presence in a room, and what it wants to hear of the others."""

    participant: Participant
    about: Mapping[str, object]
    on_audio: Callable[[Participant, PcmData], None]
    on_video: Callable[[Participant, TrackType, VideoFrame], None]
    on_video_ended: Callable[[Participant, TrackType], None] = unheard
    on_joined: Callable[[Participant], None]
    on_left: Callable[[Participant], None] = unheard
    on_ended: Callable[[str], None]
    on_event: Callable[[Participant, Mapping[str, object]], None] = unheard
    on_digit: Callable[[Participant, str], None]
    on_moved: Callable[[LoopbackRoom], None] = unheard


class LoopbackRoom:
    """One call: everything reaches the others synchronously, in the order in which they joined."""

    def __init__(self, on_empty: Callable[[], None], exchange: LoopbackExchange) -> None:
        self.exchange = exchange
        self._sit(())
        self._on_empty = on_empty

    def others(self, seat: Seat) -> tuple[Participant, ...]:
        """Who else is here."""
        return tuple(other.participant for other in self._seats if other is not seat)

    def about_others(self, seat: Seat) -> Mapping[str, Mapping[str, object]]:
        """What the others told of themselves, by participant id."""
        return {other.participant.id: other.about for other in self._seats if other is not seat}

    def enter(self, seat: Seat) -> None:
        """Let a party in: the others hear of it, and it hears who is here already."""
        present = self._seats
        self._sit((*present, seat))
        for other in present:
            seat.on_joined(other.participant)
        for other in present:
            other.on_joined(seat.participant)

    def leave(self, seat: Seat) -> None:
        """Let a party out; nothing where it is not here any more."""
        others = self._hearers.get(seat)
        if others is None:
            return
        self._sit(others)
        for other in others:
            other.on_left(seat.participant)
        if not self._seats:
            self._on_empty()

    def end(self, detail: str) -> None:
        """End the call for everybody."""
        seats = self._seats
        self._sit(())
        self._on_empty()
        for seat in seats:
            seat.on_ended(detail)

    def send_audio(self, sender: Seat, pcm: PcmData) -> None:
        """Let the others hear `pcm`; nothing where the sender is not here any more."""
        for other in self._hearers.get(sender, ()):
            other.on_audio(sender.participant, pcm)

    def send_video(self, sender: Seat, kind: TrackType, frame: VideoFrame) -> None:
        """Let the others see `frame`; nothing where the sender is not here any more."""
        for other in self._hearers.get(sender, ()):
            other.on_video(sender.participant, kind, frame)

    def end_video(self, sender: Seat, kind: TrackType) -> None:
        """Let the others know that a track has ended; nothing where the sender is not here any more."""
        for other in self._hearers.get(sender, ()):
            other.on_video_ended(sender.participant, kind)

    def send_event(self, sender: Seat, data: Mapping[str, object]) -> None:
        """Give application data to the others; nothing where the sender is not here any more."""
        for other in self._hearers.get(sender, ()):
            other.on_event(sender.participant, data)

    def send_digit(self, sender: Seat, digit: str) -> None:
        """Let the others know of a key; nothing where the sender is not here any more."""
        for other in self._hearers.get(sender, ()):
            other.on_digit(sender.participant, digit)

    def move_others(self, seat: Seat, room: LoopbackRoom) -> None:
        """Send everybody but `seat` into another room."""
        for other in [other for other in self._seats if other is not seat]:
            self.leave(other)
            other.on_moved(room)
            room.enter(other)

    def _sit(self, seats: Sequence[Seat]) -> None:
        """Note who is here, and so who hears whom: asked with each frame, changed hardly ever."""
        self._seats = tuple(seats)
        self._hearers = {seat: tuple(other for other in seats if other is not seat) for seat in seats}


class LoopbackExchange:
    """Knows the rooms: edges that share one meet in the same calls."""

    def __init__(self) -> None:
        self._rooms: dict[str, LoopbackRoom] = {}
        self.phones: dict[str, LoopbackPhone] = {}
        """Who can be called, by ``tel:`` or ``sip:`` address."""

    def room(self, call_id: str) -> LoopbackRoom:
        """Find the room of a call, or open it; it goes when its last party does."""
        if call_id not in self._rooms:
            self._rooms[call_id] = LoopbackRoom(lambda: self._forget(call_id), self)
        return self._rooms[call_id]

    def _forget(self, call_id: str) -> None:
        self._rooms.pop(call_id, None)
