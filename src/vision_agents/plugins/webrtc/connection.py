"""The agent's leg of a call in the browser."""

from __future__ import annotations

from collections.abc import Mapping

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.company import Company
from vision_agents.core.edge.transport import Capability, Connection, ConnectionListener
from vision_agents.core.types.ids import new_id
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame
from vision_agents.plugins.webrtc.meeting import Meeting


class WebRtcConnection(Connection):
    """One agent in one meeting.

    Args:
        meeting: the call.
        user: who the agent is.
        listener: hears from the call.
    """

    capabilities = frozenset(
        {Capability.CUSTOM_EVENTS, Capability.DTMF, Capability.FEED, Capability.HANGUP, Capability.VIDEO_OUT}
    )

    def __init__(self, meeting: Meeting, user: User, listener: ConnectionListener) -> None:
        self.participant = Participant(None, user.id or new_id("agent"), new_id("participant"))
        self.listener = listener
        self._meeting = meeting
        self._company = Company()

    def enter(self) -> None:
        """Go into the call; the listener hears of those who are there before this returns."""
        self.company_changed()
        self._meeting.enter(self)

    @property
    def participants(self) -> tuple[Participant, ...]:
        """The others in the call, those who are cut off at the moment included."""
        if self._company.over:
            return ()
        agents = (leg.participant for leg in self._meeting.legs if leg is not self)
        return (*(seat.participant for seat in self._meeting.people), *agents)

    @property
    def participants_data(self) -> Mapping[str, Mapping[str, object]]:
        """The name that each person gave, and their ``state``: ``connected`` or ``reconnecting``."""
        return {
            seat.participant.id: {"name": seat.name, "state": seat.state.value}
            for seat in self._meeting.people
        }

    def send_audio(self, frame: PcmData) -> None:
        """Let the others hear 20 ms."""
        self._check(frame)
        if not self._company.over:
            self._meeting.speak(self, frame)

    def flush_audio(self, last: PcmData | None = None) -> None:
        """Drop what nobody has heard yet."""
        if not self._company.over:
            self._meeting.flush(self, last)

    @property
    def unplayed(self) -> Seconds:
        """How much of what was sent waits for its time to go out."""
        return 0.0 if self._company.over else self._meeting.unplayed(self)

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - the port
        """Return when a person is in the call.

        Raises:
            TimeoutError: nobody came within `timeout` seconds.
            EdgeError: the call ended before anybody came.
        """
        await self._company.wait(timeout)

    @property
    def idle_since(self) -> Seconds | None:
        """When the last person left, on the event loop's clock; None while somebody is there."""
        return self._company.idle_since

    async def send_custom_event(self, data: Mapping[str, object]) -> None:
        """Give application data to everybody's page."""
        self.show({"type": "custom", "data": dict(data)})

    def show(self, entry: Mapping[str, object], to: Participant | None = None) -> None:
        """Send an entry to everybody's page, or to one person's."""
        if not self._company.over:
            self._meeting.show(entry, None if to is None else to.id)

    def send_video(self, frame: VideoFrame) -> None:
        """Show a picture of the agent's; the newest wins, and nobody waits for a slow one."""
        if not self._company.over:
            self._meeting.send_video(frame)

    async def send_dtmf(self, digit: str) -> None:
        """Tell everybody's page of a key."""
        self.show({"type": "log", "event": "digit", "digit": digit})

    async def end(self, detail: str = "") -> None:
        """End the call for everybody."""
        if not self._company.over:
            await self._meeting.end(detail or "the agent has ended the call")

    async def close(self) -> None:
        """Leave the call; with its last agent it ends."""
        if not self._company.over:
            self._company.end("The agent has left the call")
            await self._meeting.leave(self)

    # What the meeting tells.

    def company_changed(self) -> None:
        """Count the people; other agents are no company: they would keep each other for ever."""
        if self._meeting.people:
            self._company.somebody()
        else:
            self._company.nobody()

    def ended(self, detail: str) -> None:
        """Hear that the call is over."""
        self._company.end("The call has ended")
        self.listener.on_call_ended(detail)
