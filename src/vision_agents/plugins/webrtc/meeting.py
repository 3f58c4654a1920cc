"""One call in this process: the people, over peer connections, and the agents; everybody hears the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import AnyMessage, Goodbye, InterruptAsked, KeyPressed, Ping, TypedText
from vision_agents.core.edge.transport import ConnectionListener
from vision_agents.core.errors import EdgeError, SignallingRefused
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.mix import MixMinus
from vision_agents.plugins.webrtc.peers import MediaPeer, NewPeer
from vision_agents.plugins.webrtc.seat import Seat, SeatHooks, SeatState
from vision_agents.plugins.webrtc.settings import EdgeSettings

logger = logging.getLogger("vision_agents.webrtc")

_CLOSING: Seconds = 3.0
"""For the last words to go out and all peer connections to end."""


class Leg(Protocol):
    """An agent's place in the call."""

    participant: Participant
    listener: ConnectionListener

    def company_changed(self) -> None:
        """Somebody came or went."""

    def ended(self, detail: str) -> None:
        """The call is over."""


class Meeting:
    """A call. It begins with its first agent and ends with its last: nobody else would look after it.

    Args:
        call_id: of the call.
        settings: those of the agent that came first.
        new_peer: makes peer connections.
        on_over: called when it has ended.
    """

    def __init__(
        self, call_id: str, *, settings: EdgeSettings, new_peer: NewPeer, on_over: Callable[[], None]
    ) -> None:
        self.call_id = call_id
        self.settings = settings
        self.id = new_id()
        """Of this stay of the agents: who was cut off from another one cannot come back to it."""
        self.legs: list[Leg] = []
        self.over = False
        self._new_peer = new_peer
        self._seats: dict[str, Seat] = {}
        self._scope = TaskScope(f"webrtc:{self.id}")
        self._retiring: set[asyncio.Task[None]] = set()
        self._on_over = on_over
        self._mix = MixMinus(self._let_hear, lambda: [seat.participant.id for seat in self.people])
        self._hooks = SeatHooks(
            joined=self._joined,
            reconnecting=self._reconnecting,
            reconnected=self._reconnected,
            left=self._left,
            audio=self._audio,
            video=self._video,
            video_ended=self._video_ended,
            message=self._message,
            retire=self._retire,
        )

    @property
    def people(self) -> list[Seat]:
        """Who is in the call, those who are cut off included."""
        return [seat for seat in self._seats.values() if seat.state is not SeatState.JOINING]

    async def admit(self, name: str, offer_sdp: str) -> tuple[Seat, str]:
        """Let a person in; gives their seat and the answer to their offer.

        Raises:
            EdgeError: the call is full, or over, or the offer is bad.
        """
        if len(self._seats) >= self.settings.most_people:
            raise EdgeError(f"The call is full: {self.settings.most_people} people are in it.")
        participant = Participant(None, new_id("user"), new_id("participant"))
        seat = Seat(
            participant, name=name, settings=self.settings, new_peer=self._new_peer, hooks=self._hooks
        )
        self._seats[participant.id] = seat
        try:
            answer = await seat.connect(offer_sdp)
        except BaseException:
            seat.leave("the offer failed")
            raise
        return seat, answer

    async def readmit(self, participant_id: str, resume_id: str, offer_sdp: str) -> tuple[Seat, str]:
        """Let a person come back; gives their seat and the answer to their offer.

        Raises:
            EdgeError: they have left, or somebody came back with that token already.
        """
        seat = self._seats.get(participant_id)
        if seat is None:
            raise EdgeError("It is too late to come back to this call: join it again.")
        if not resume_id or seat.resume_id != resume_id:
            raise SignallingRefused(
                "This resume token was used: only the last one is good.", status=401, code="unauthorized"
            )
        seat.resume_id = ""
        try:
            return seat, await seat.connect(offer_sdp)
        except BaseException:
            seat.resume_id = resume_id  # they may try again
            raise

    # What the agents do.

    def enter(self, leg: Leg) -> None:
        """Let an agent in; it hears who is here before this returns, and the others hear of it."""
        present = list(self.legs)
        self.legs.append(leg)
        for other in (*(seat.participant for seat in self.people), *(one.participant for one in present)):
            leg.listener.on_participant_joined(other)
        for one in present:
            one.company_changed()
            one.listener.on_participant_joined(leg.participant)

    def speak(self, leg: Leg, frame: PcmData) -> None:
        """Let the others hear 20 ms of an agent."""
        if self._mixes:
            self._mix.put(leg.participant.id, frame)
        else:
            for seat in self.people:
                seat.send_audio(frame)
        for other in list(self.legs):
            if other is not leg:
                other.listener.on_audio(leg.participant, frame)

    def flush(self, leg: Leg, last: PcmData | None) -> None:
        """Drop what an agent said and nobody has heard yet."""
        if not self._mixes:
            for seat in self.people:
                seat.flush_audio(last)
            return
        self._mix.drop(leg.participant.id)
        if last is not None:
            self._mix.put(leg.participant.id, last)

    def unplayed(self, leg: Leg) -> Seconds:
        """How much of what an agent said was not heard yet by the last who will hear it."""
        waiting = self._mix.waiting(leg.participant.id)
        return waiting + max((seat.unplayed for seat in self.people), default=0.0)

    def show(self, entry: Mapping[str, object], to: str | None = None) -> None:
        """Send an entry to everybody's page, or to one."""
        for seat in self.people:
            if to is None or seat.participant.id == to:
                seat.send(entry)

    def send_video(self, frame: VideoFrame) -> None:
        """Show everybody a picture."""
        for seat in self.people:
            seat.send_video(frame)

    async def leave(self, leg: Leg) -> None:
        """Let an agent out; with the last one the call ends."""
        if leg not in self.legs:
            return
        self.legs.remove(leg)
        for other in list(self.legs):
            other.company_changed()
            other.listener.on_participant_left(leg.participant)
        if not self.legs:
            await self.end("the agent has left")

    async def end(self, detail: str) -> None:
        """End the call for everybody; returns when all peer connections have ended."""
        if not self.over:
            self.over = True
            legs, self.legs = self.legs, []
            for seat in list(self._seats.values()):
                seat.leave(detail)
            self._mix.close()
            for leg in legs:
                leg.ended(detail)
            self._on_over()
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=_CLOSING)
        await self._scope.close()

    # What the people do.

    @property
    def _mixes(self) -> bool:
        """Whether anybody hears more than one voice; a frame goes straight through otherwise."""
        return len(self.people) + len(self.legs) > 2

    def _let_hear(self, listener: str, frame: PcmData) -> None:
        if (seat := self._seats.get(listener)) is not None:
            seat.send_audio(frame)

    def _joined(self, seat: Seat) -> None:
        logger.info("Somebody joined a call", extra=self._about(seat))
        for leg in list(self.legs):
            leg.company_changed()
            leg.listener.on_participant_joined(seat.participant)

    def _reconnecting(self, seat: Seat) -> None:
        logger.info("Somebody in a call cannot be reached", extra=self._about(seat))
        for leg in list(self.legs):
            leg.listener.on_participant_reconnecting(seat.participant)

    def _reconnected(self, seat: Seat) -> None:
        logger.info("Somebody is back in a call", extra=self._about(seat))
        for leg in list(self.legs):
            leg.listener.on_participant_reconnected(seat.participant)

    def _left(self, seat: Seat, detail: str) -> None:
        known = self._seats.pop(seat.participant.id, None)
        self._mix.drop(seat.participant.id)
        if known is None or not seat.was_in or self.over:
            return
        logger.info("Somebody left a call", extra={**self._about(seat), "detail": detail})
        for leg in list(self.legs):
            leg.company_changed()
            leg.listener.on_participant_left(seat.participant)

    def _audio(self, seat: Seat, pcm: PcmData) -> None:
        if self._mixes:
            self._mix.put(seat.participant.id, pcm)
        for leg in list(self.legs):
            leg.listener.on_audio(seat.participant, pcm)

    def _video(self, seat: Seat, kind: TrackType, frame: VideoFrame) -> None:
        for leg in list(self.legs):
            leg.listener.on_video(seat.participant, kind, frame)

    def _video_ended(self, seat: Seat, kind: TrackType) -> None:
        for leg in list(self.legs):
            leg.listener.on_video_ended(seat.participant, kind)

    def _message(self, seat: Seat, message: AnyMessage) -> None:
        match message:
            case Ping(n=n):
                seat.send({"type": "pong", "n": n})
            case Goodbye():
                seat.leave("left")
            case KeyPressed(digit=digit):
                for leg in list(self.legs):
                    leg.listener.on_dtmf(seat.participant, digit)
            case TypedText() | InterruptAsked():
                for leg in list(self.legs):
                    leg.listener.on_message(seat.participant, message)

    def _retire(self, peer: MediaPeer) -> None:
        task = self._scope.start(peer.close(), name="close a peer connection")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _about(self, seat: Seat) -> dict[str, object]:
        return {"call_id": self.call_id, "participant_id": seat.participant.id}
