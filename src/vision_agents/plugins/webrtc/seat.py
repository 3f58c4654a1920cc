"""One person in a call, over one peer connection after another."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import AnyMessage, read_message
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.peers import MediaPeer, NewPeer
from vision_agents.plugins.webrtc.settings import EdgeSettings

logger = logging.getLogger("vision_agents.webrtc")

_MOST_HELD = 200
"""Entries for somebody who is cut off; they get them when they are back."""
_MESSAGES_A_SECOND = 20
_REPLACED = "transcript"
"""Entries of this type have an id, and take the place of an earlier one."""
_MOST_LINES = 50
_UNNOTICED: Seconds = 10.0
"""So long may a dead connection look alive."""
_RIGHT_BACK: Seconds = 2.0
"""A page that leaves on purpose says so: it does not have to wait for this."""


class SeatState(StrEnum):
    """How a person can be reached."""

    JOINING = "joining"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatHooks:
    """Whom a seat tells.

    Args:
        joined: media flows for the first time.
        reconnecting: the person cannot be reached.
        reconnected: they are back.
        left: they are gone, or never came; the last thing that is told.
        audio: what they say.
        video: what they show.
        video_ended: they show it no longer.
        message: what their page sends.
        retire: closes a peer connection that is no longer used.
    """

    joined: Callable[[Seat], None]
    reconnecting: Callable[[Seat], None]
    reconnected: Callable[[Seat], None]
    left: Callable[[Seat, str], None]
    audio: Callable[[Seat, PcmData], None]
    video: Callable[[Seat, TrackType, VideoFrame], None]
    video_ended: Callable[[Seat, TrackType], None]
    message: Callable[[Seat, AnyMessage], None]
    retire: Callable[[MediaPeer], None]


class Seat:
    """A person's place in a call: it stays while their connection is lost and made anew.

    Args:
        participant: who sits there.
        name: what they want to be called.
        settings: how long they may take.
        new_peer: makes a peer connection.
        hooks: whom to tell.
    """

    def __init__(
        self,
        participant: Participant,
        *,
        name: str,
        settings: EdgeSettings,
        new_peer: NewPeer,
        hooks: SeatHooks,
    ) -> None:
        self.participant = participant
        self.name = name
        self.state = SeatState.JOINING
        self.was_in = False
        """Whether the others ever heard of them."""
        self.resume_id = ""
        """Of the one token with which the person may come back."""
        self.dropped_messages = 0
        self._settings = settings
        self._new_peer = new_peer
        self._hooks = hooks
        self._peer: MediaPeer | None = None
        self._held: list[Mapping[str, object]] = []
        self._lines: deque[tuple[Seconds, Mapping[str, object]]] = deque(maxlen=_MOST_LINES)
        self._showing: set[TrackType] = set()
        self._deadline: asyncio.TimerHandle | None = None
        self._allowed = float(_MESSAGES_A_SECOND)
        self._counted: Seconds = 0.0

    async def connect(self, offer_sdp: str) -> str:
        """Take an offer; the connection that there was is given up. Gives the answer."""
        ears = _Ears(self)
        ears.peer = peer = self._new_peer(ears)
        try:
            answer = await peer.accept(offer_sdp)
            self._must_be_here()
        except BaseException:
            await peer.close()
            raise
        before, self._peer = self._peer, peer
        if before is not None:
            self._hooks.retire(before)
            self._held = [*self._maybe_lost(), *self._held]
            for kind in list(self._showing):  # the next connection begins without pictures
                self.seen_no_more(kind)
        self._lose(self._settings.connect_wait, "the page did not connect")
        self.resume_id = secrets.token_urlsafe(16)
        return answer

    def _must_be_here(self) -> None:
        if self.state is SeatState.LEFT:
            raise EdgeError("The call has ended.")

    @property
    def unplayed(self) -> Seconds:
        """How much of what was sent they have not heard yet."""
        return self._peer.unplayed if self._peer is not None and self.reachable else 0.0

    @property
    def reachable(self) -> bool:
        """Whether what is sent arrives."""
        return self.state is SeatState.CONNECTED

    def send_audio(self, frame: PcmData) -> None:
        """Let them hear 20 ms."""
        if self._peer is not None and self.reachable:
            self._peer.send_audio(frame)

    def flush_audio(self, last: PcmData | None) -> None:
        """Drop what they have not heard yet, and end with `last`."""
        if self._peer is not None and self.reachable:
            self._peer.flush_audio(last)

    def send_video(self, frame: VideoFrame) -> None:
        """Show them a picture."""
        if self._peer is not None and self.reachable:
            self._peer.send_video(frame)

    def send(self, data: Mapping[str, object]) -> None:
        """Send to their page; what they miss while they are cut off they get later."""
        if self._peer is not None and self.reachable:
            self._peer.send_message(data)
            if data.get("type") == _REPLACED:
                self._lines.append((asyncio.get_running_loop().time(), data))
        elif self.state is SeatState.RECONNECTING:
            self._held.append(data)
            del self._held[:-_MOST_HELD]

    def _maybe_lost(self) -> list[Mapping[str, object]]:
        """What went into a connection that may have been dead already, and does no harm twice."""
        now = asyncio.get_running_loop().time()
        lines = [data for at, data in self._lines if now - at < _UNNOTICED + self._settings.resume_window]
        self._lines.clear()
        return lines

    def leave(self, detail: str) -> None:
        """Take the person out of the call."""
        if self.state is SeatState.LEFT:
            return
        self.state = SeatState.LEFT
        self._stop_waiting()
        self._held.clear()
        peer, self._peer = self._peer, None
        if peer is not None:
            self._hooks.retire(peer)
        self._hooks.left(self, detail)

    # What the peer connections tell; those that were given up are not listened to.

    def listens_to(self, peer: MediaPeer | None) -> bool:
        """Whether a peer connection is the present one."""
        return peer is not None and peer is self._peer

    def heard(self, pcm: PcmData) -> None:
        """Pass on what they say."""
        if self.reachable:
            self._hooks.audio(self, pcm)

    def seen(self, kind: TrackType, frame: VideoFrame) -> None:
        """Pass on what they show."""
        if self.reachable:
            self._showing.add(kind)
            self._hooks.video(self, kind, frame)

    def seen_no_more(self, kind: TrackType) -> None:
        """Pass on that they show it no longer."""
        if kind in self._showing:
            self._showing.discard(kind)
            self._hooks.video_ended(self, kind)

    def told(self, data: Mapping[str, object]) -> None:
        """Pass a message on, if it is one, and not one too many."""
        message = read_message(data) if self._may_send() and self.state is not SeatState.JOINING else None
        if message is None:
            self.dropped_messages += 1
        else:
            self._hooks.message(self, message)

    def connected(self) -> None:
        """Go on, or begin."""
        self._stop_waiting()
        before, self.state = self.state, SeatState.CONNECTED
        if before is SeatState.JOINING:
            self.was_in = True
            self._hooks.joined(self)
        elif before is SeatState.RECONNECTING:
            held, self._held = self._held, []
            for data in held:
                self.send(data)
            self._hooks.reconnected(self)

    def interrupted(self) -> None:
        """Begin to wait for them."""
        if self.state is SeatState.CONNECTED:
            self._lose(self._settings.resume_window, "the connection was lost")

    def closed(self, detail: str) -> None:
        """See them leave, unless they come right back: a page may close one connection to make another."""
        if self.state is SeatState.JOINING:
            self.leave(detail)
        elif self.state is SeatState.CONNECTED:
            self._lose(_RIGHT_BACK, detail)

    def _lose(self, patience: Seconds, detail: str) -> None:
        """Wait for a connection, for so long."""
        self._stop_waiting()
        self._deadline = asyncio.get_running_loop().call_later(patience, self.leave, detail)
        if self.state is SeatState.CONNECTED:
            self.state = SeatState.RECONNECTING
            self._hooks.reconnecting(self)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _may_send(self) -> bool:
        now = asyncio.get_running_loop().time()
        earned = (now - self._counted) * _MESSAGES_A_SECOND
        self._allowed = min(float(_MESSAGES_A_SECOND), self._allowed + earned)
        self._counted = now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True


class _Ears:
    """Passes on what a peer connection tells, for as long as it is the seat's present one."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.peer: MediaPeer | None = None

    @property
    def _present(self) -> bool:
        return self._seat.listens_to(self.peer)

    def on_audio(self, pcm: PcmData) -> None:
        if self._present:
            self._seat.heard(pcm)

    def on_video(self, kind: TrackType, frame: VideoFrame) -> None:
        if self._present:
            self._seat.seen(kind, frame)

    def on_video_ended(self, kind: TrackType) -> None:
        if self._present:
            self._seat.seen_no_more(kind)

    def on_message(self, data: Mapping[str, object]) -> None:
        if self._present:
            self._seat.told(data)

    def on_connected(self) -> None:
        if self._present:
            self._seat.connected()

    def on_interrupted(self) -> None:
        if self._present:
            self._seat.interrupted()

    def on_closed(self, detail: str) -> None:
        if self._present:
            self._seat.closed(detail)
