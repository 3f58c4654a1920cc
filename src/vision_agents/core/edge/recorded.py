"""Putting a recorder on a call of any edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import PageMessage
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport, LegStep
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame


async def join_recorded(
    edge: EdgeTransport, call: Call, user: User, listener: ConnectionListener, *, recorder: Recorder
) -> Connection:
    """Join a call as `edge.join` does, and record both sides of it; the recorder is yours to close."""
    ears = RecordingListener(listener, recorder)
    return RecordedConnection(await edge.join(call, user, ears), recorder, ears)


class RecordingListener(ConnectionListener):
    """Records what the participants say, and passes everything on."""

    def __init__(self, inner: ConnectionListener, recorder: Recorder) -> None:
        self._inner = inner
        self._recorder = recorder
        self.muted = False
        """Whether nothing of what the participants say is recorded."""

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        """Record and pass on."""
        if not self.muted:
            self._recorder.hear(participant, pcm)
        self._inner.on_audio(participant, pcm)

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        """Pass on; a recording holds no pictures."""
        self._inner.on_video(participant, kind, frame)

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        """Pass on."""
        self._inner.on_video_ended(participant, kind)

    def on_participant_joined(self, participant: Participant) -> None:
        """Pass on."""
        self._inner.on_participant_joined(participant)

    def on_participant_left(self, participant: Participant) -> None:
        """Pass on."""
        self._inner.on_participant_left(participant)

    def on_participant_reconnecting(self, participant: Participant) -> None:
        """Pass on."""
        self._inner.on_participant_reconnecting(participant)

    def on_participant_reconnected(self, participant: Participant) -> None:
        """Pass on."""
        self._inner.on_participant_reconnected(participant)

    def on_message(self, participant: Participant, message: PageMessage) -> None:
        """Pass on."""
        self._inner.on_message(participant, message)

    def on_dtmf(self, participant: Participant, digit: str) -> None:
        """Pass on."""
        self._inner.on_dtmf(participant, digit)

    def on_call_ended(self, detail: str) -> None:
        """Pass on."""
        self._inner.on_call_ended(detail)


class RecordedConnection(Connection):
    """Records what the agent says, at the time at which it is heard, and passes everything on."""

    def __init__(self, inner: Connection, recorder: Recorder, ears: RecordingListener | None = None) -> None:
        self._inner = inner
        self._recorder = recorder
        self._ears = ears
        self.capabilities = inner.capabilities
        self.output_rate = inner.output_rate
        self._instead: list[PcmData | None] = []

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The others in the call."""
        return self._inner.participants

    def send_audio(self, frame: PcmData) -> None:
        """Record and play."""
        if (kept := self._to_record(frame)) is not None:
            self._recorder.speak(kept, after=self._inner.unplayed)
        self._inner.send_audio(frame)

    def flush_audio(self, last: PcmData | None = None) -> None:
        """Drop what was not played yet, also from the recording."""
        if self._inner.unplayed > 0:
            self._recorder.cut()
        if (kept := self._to_record(last)) is not None:
            self._recorder.speak(kept)
        self._inner.flush_audio(last)

    def record_instead(self, kept: PcmData | None) -> None:
        """Record something else, or nothing, in place of the next frame."""
        self._instead = [kept]

    def _to_record(self, frame: PcmData | None) -> PcmData | None:
        return self._instead.pop() if self._instead else frame

    @property
    def unplayed(self) -> Seconds:
        """How much of what was sent has not been played yet."""
        return self._inner.unplayed

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - the port
        """Return when somebody else is in the call."""
        await self._inner.wait_for_participant(timeout)

    @property
    def idle_since(self) -> Seconds | None:
        """When the agent was left alone; None while others are in the call."""
        return self._inner.idle_since

    @property
    def participants_data(self) -> Mapping[str, Mapping[str, object]]:
        """What is known of the others."""
        return self._inner.participants_data

    async def end(self, detail: str = "") -> None:
        """End the call for everybody; the recording goes on until it is closed itself."""
        await self._inner.end(detail)

    def send_video(self, frame: VideoFrame) -> None:
        """Show a picture; a recording holds none."""
        self._inner.send_video(frame)

    async def send_custom_event(self, data: Mapping[str, object]) -> None:
        """Send application data to the others."""
        await self._inner.send_custom_event(data)

    def show(self, entry: Mapping[str, object], to: Participant | None = None) -> None:
        """Show people what happens."""
        self._inner.show(entry, to)

    async def send_dtmf(self, digit: str) -> None:
        """Press a key."""
        await self._inner.send_dtmf(digit)

    async def transfer(self, target: str, told: Callable[[LegStep], None]) -> None:
        """Hand the call over."""
        await self._inner.transfer(target, told)

    async def dial(
        self, target: str, listener: ConnectionListener, told: Callable[[LegStep], None]
    ) -> Connection:
        """Call somebody; their leg is not recorded."""
        return await self._inner.dial(target, listener, told)

    async def bridge(self, leg: Connection) -> None:
        """Bring those on the leg into this call."""
        await self._inner.bridge(leg)

    def mute_recording(self, muted: bool) -> None:  # noqa: FBT001 - the port
        """Record silence in place of what the others send."""
        if self._ears is not None:
            self._ears.muted = muted

    async def close(self) -> None:
        """Leave the call; the recording goes on until it is closed itself."""
        await self._inner.close()
