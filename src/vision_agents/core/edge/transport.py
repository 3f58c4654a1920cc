"""Port: a transport that carries calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.http import HttpFiles, HttpRoute
from vision_agents.core.edge.messages import PageMessage
from vision_agents.core.errors import CapabilityMissing
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame


class Capability(StrEnum):
    """What a connection can do beyond audio in and out."""

    PLAYBACK_POSITION = "playback_position"
    """It reports what was really played; otherwise the pacer estimates."""
    CUSTOM_EVENTS = "custom_events"
    DTMF = "dtmf"
    """Keys go beside the audio, both ways; otherwise they are tones in it."""
    TRANSFER = "transfer"
    """It can hand the call over to somebody else."""
    DIAL = "dial"
    """It can call somebody on a second leg, and join the two."""
    VIDEO_OUT = "video_out"
    """It shows the others what the agent shows."""
    HANGUP = "hangup"
    """It can end the call for everybody."""
    FEED = "feed"
    """It shows people what happens in the session: `Connection.show`."""


class LegStep(StrEnum):
    """How far a call that the transport places has come."""

    ACCEPTED = "accepted"
    RINGING = "ringing"


@dataclass(frozen=True, slots=True)
class Call:
    """What is joined: a meeting place by id, of a type that the transport defines."""

    id: str
    type: str = "default"


class ConnectionListener(Protocol):
    """Who hears from a connection; every method is called on the event loop and must not wait."""

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        """Audio of one participant, in order; pushed the moment it arrives."""

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        """Take a picture of somebody's camera (`VIDEO`) or screen (`SCREEN_SHARE`), the moment it arrives."""

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        """No more pictures of this track, unless it begins again; leaving the call ends both without it."""

    def on_participant_joined(self, participant: Participant) -> None:
        """Somebody else is in the call."""

    def on_participant_left(self, participant: Participant) -> None:
        """Somebody else has left the call."""

    def on_participant_reconnecting(self, participant: Participant) -> None:
        """Somebody cannot be reached at the moment; they come back, or leave."""

    def on_participant_reconnected(self, participant: Participant) -> None:
        """Somebody who could not be reached is back."""

    def on_message(self, participant: Participant, message: PageMessage) -> None:
        """Somebody typed words, or asks for silence; checked and bounded by the transport."""

    def on_dtmf(self, participant: Participant, digit: str) -> None:
        """Somebody pressed a key, told beside the audio."""

    def on_call_ended(self, detail: str) -> None:
        """The call is over: nothing more will come."""


class Connection(ABC):
    """The joined leg of a call, with every verb."""

    capabilities: frozenset[Capability] = frozenset()
    output_rate: int = 48_000
    """Sample rate, in Hz, in which it wants `send_audio`; mono int16."""

    @property
    @abstractmethod
    def participants(self) -> tuple[Participant, ...]:
        """The others in the call."""

    @abstractmethod
    def send_audio(self, frame: PcmData) -> None:
        """Play one 20 ms frame now; called once every 20 ms while there is something to play."""

    @abstractmethod
    def flush_audio(self, last: PcmData | None = None) -> None:
        """Drop what was sent and not played yet, and end with `last`, a frame that fades out."""

    def record_instead(self, kept: PcmData | None) -> None:
        """Say what a recording holds in place of the next frame: not what only plays behind the voice."""

    @property
    def unplayed(self) -> Seconds:
        """How much of what was sent has not been played yet; 0.0 where the transport cannot tell."""
        return 0.0

    @abstractmethod
    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - documented
        """Return when somebody else is in the call; `TimeoutError` after `timeout` seconds."""

    @property
    @abstractmethod
    def idle_since(self) -> Seconds | None:
        """When the agent was left alone, on the event loop's clock; None while others are in the call."""

    @property
    def participants_data(self) -> Mapping[str, Mapping[str, object]]:
        """What is known of the others, by participant id: ``name``, ``sipUser``, ``sipCallType``, ..."""
        return {}

    async def end(self, detail: str = "") -> None:
        """End the call for everybody, a telephone line included; where that cannot be, only leave it."""
        await self.close()

    def send_video(self, frame: VideoFrame) -> None:
        """Show one picture now, in the place of the one before; needs `Capability.VIDEO_OUT`."""
        raise self._cannot(f"send video ({frame.width} x {frame.height} pixels dropped)")

    async def send_custom_event(self, data: Mapping[str, object]) -> None:
        """Send application data to the other participants."""
        raise self._cannot(f"send custom events ({len(data)} fields dropped)")

    def show(self, entry: Mapping[str, object], to: Participant | None = None) -> None:
        """Show people what happens in the session, with `Capability.FEED`; dropped where nobody looks.

        Args:
            entry: JSON, ``type`` says what it is; see `vision_agents.core.agents.feed`.
            to: who is shown it; everybody where it is left out.
        """

    async def send_dtmf(self, digit: str) -> None:
        """Press one key, told to the others beside the audio."""
        raise self._cannot("send keys beside the audio")

    async def transfer(self, target: str, told: Callable[[LegStep], None]) -> None:
        """Hand the call over: returns when the target talks to the others, and the agent may leave.

        Cancelling it calls the transfer off.

        Args:
            target: a ``tel:`` or ``sip:`` address.
            told: hears how far it has come.

        Raises:
            LegFailed: nobody took it; the call is as it was.
            CapabilityMissing: this transport hands no calls over.
        """
        raise self._cannot("transfer calls")

    async def dial(
        self, target: str, listener: ConnectionListener, told: Callable[[LegStep], None]
    ) -> Connection:
        """Call somebody on a leg of its own: returns when they answer; raises as `transfer`."""
        raise self._cannot("place a second call")

    async def bridge(self, leg: Connection) -> None:
        """Bring those on a leg that `dial` gave into this call; the leg is closed then."""
        raise self._cannot("join two calls")

    def mute_recording(self, muted: bool) -> None:  # noqa: FBT001 - a switch
        """Keep what the others send out of a recording: it is a secret."""

    def _check(self, frame: PcmData) -> None:
        """Refuse a frame that is not as `send_audio` wants it."""
        if frame.sample_rate != self.output_rate or frame.channels != 1 or frame.format != "s16":
            raise ValueError(f"Send mono int16 at {self.output_rate} Hz, not {frame.sample_rate} Hz.")

    def _cannot(self, verb: str) -> CapabilityMissing:
        return CapabilityMissing(f"{type(self).__name__} cannot {verb}: use an edge that can.")

    @abstractmethod
    async def close(self) -> None:
        """Leave the call; the listener hears nothing more."""


class EdgeTransport(ABC):
    """A transport; one instance serves one agent."""

    provider: ClassVar[str] = "custom"

    @classmethod
    def http_routes(cls) -> Sequence[HttpRoute | HttpFiles]:
        """Say which HTTP routes and files its calls need; they serve all instances together."""
        return ()

    async def start(self) -> None:
        """Get ready for one session."""

    async def authenticate(self, user: User) -> None:
        """Sign the agent's user in, where the transport has accounts."""

    async def create_call(self, call_type: str, call_id: str) -> Call:
        """Make the call, or find it if it exists."""
        return Call(id=call_id, type=call_type)

    @abstractmethod
    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        """Join the call as `user`; from now on `listener` hears what happens in it."""

    async def open_demo(self, call: Call) -> None:
        """Show a page or a console where a person can talk in the call, where the transport has one."""

    async def close(self) -> None:
        """Give back everything; called once, also after a failed `start`."""
