"""Peer connections that a test plays: they connect, fall silent and close when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import PageMessage
from vision_agents.core.edge.transport import ConnectionListener
from vision_agents.core.errors import BadOffer
from vision_agents.core.types.people import Participant
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.peers import PeerListener


class StubPeer:
    """Keeps what it is sent; `ears` are for the test to speak into."""

    def __init__(self, ears: PeerListener, street: Street) -> None:
        self.ears = ears
        self.street = street
        self.audio: list[PcmData] = []
        self.messages: list[Mapping[str, object]] = []
        self.video: list[VideoFrame] = []
        self.flushed: list[PcmData | None] = []
        self.unplayed: Seconds = 0.0
        self.closed = False

    async def accept(self, offer_sdp: str) -> str:
        await asyncio.sleep(self.street.accepts_after)
        if offer_sdp == "bad":
            raise BadOffer("The offer is bad.")
        return f"answer to {offer_sdp}"

    def send_audio(self, frame: PcmData) -> None:
        self.audio.append(frame)

    def flush_audio(self, last: PcmData | None) -> None:
        self.flushed.append(last)

    def send_message(self, data: Mapping[str, object]) -> None:
        self.messages.append(data)

    def send_video(self, frame: VideoFrame) -> None:
        self.video.append(frame)

    async def close(self) -> None:
        await asyncio.sleep(0.1)
        self.closed = True


class Street:
    """Makes the peer connections of a test, and knows them all."""

    def __init__(self) -> None:
        self.peers: list[StubPeer] = []
        self.accepts_after: Seconds = 0.0

    def new_peer(self, ears: PeerListener) -> StubPeer:
        self.peers.append(StubPeer(ears, self))
        return self.peers[-1]


class Ears(ConnectionListener):
    """An agent's listener that keeps what it hears, in order, with the time."""

    def __init__(self) -> None:
        self.heard: list[tuple[Seconds, str, str]] = []
        self.pieces: list[tuple[str, PcmData]] = []
        self.messages: list[PageMessage] = []

    def told(self) -> list[str]:
        return [what for _, what, _ in self.heard]

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        self.pieces.append((participant.id, pcm))

    def on_participant_joined(self, participant: Participant) -> None:
        self._note("joined", participant.id)

    def on_participant_left(self, participant: Participant) -> None:
        self._note("left", participant.id)

    def on_participant_reconnecting(self, participant: Participant) -> None:
        self._note("reconnecting", participant.id)

    def on_participant_reconnected(self, participant: Participant) -> None:
        self._note("reconnected", participant.id)

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        self._note(f"shows {kind.name} {frame.width}", participant.id)

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        self._note(f"shows no {kind.name}", participant.id)

    def on_message(self, participant: Participant, message: PageMessage) -> None:
        self.messages.append(message)

    def on_dtmf(self, participant: Participant, digit: str) -> None:
        self._note(f"key {digit}", participant.id)

    def on_call_ended(self, detail: str) -> None:
        self._note("ended", detail)

    def _note(self, what: str, who: str) -> None:
        self.heard.append((asyncio.get_running_loop().time(), what, who))
