"""What the transport tells, turned into events and handed to the dialogue."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.agents.dialogue import Dialogue
from vision_agents.core.agents.line import Line
from vision_agents.core.agents.processing import Processing
from vision_agents.core.agents.typed_turn import typed_turn
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import PageMessage, TypedText
from vision_agents.core.edge.transport import ConnectionListener
from vision_agents.core.events.agent import CallInfo
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.plugin import (
    AudioReceivedEvent,
    AudioStreamEnabledEvent,
    CallEndedEvent,
    ParticipantJoinedEvent,
    ParticipantLeftEvent,
    ParticipantReconnectedEvent,
    ParticipantReconnectingEvent,
)
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import Reason


class CallListener(ConnectionListener):
    """Hears from the connection; audio that comes before the agent is ready is dropped.

    Args:
        events: where the transport's events go.
        call: which call it is.
        wake_ups: told who comes and goes.
        processing: takes what is shown, and what the models hear.
        request_close: ends the session when the call has ended.
    """

    def __init__(
        self,
        events: EventBus,
        call: CallInfo,
        *,
        wake_ups: WakeUpCalls,
        processing: Processing,
        request_close: Callable[[Reason, str], None],
    ) -> None:
        self.call = call
        self._events = events
        self._request_close = request_close
        self._dialogue: Dialogue | None = None
        self._scope: TaskScope | None = None
        self._line: Line | None = None
        self._wake_ups = wake_ups
        self._processing = processing
        self.on_video, self.on_video_ended = processing.on_video, processing.on_video_ended
        self._streams: set[str] = set()
        self._new_stream = Flag()

    def attach(self, dialogue: Dialogue, scope: TaskScope, line: Line) -> None:
        """From now on audio is heard."""
        self._dialogue = dialogue
        self._scope = scope
        self._line = line

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        """Hand audio to the dialogue."""
        if participant.id not in self._streams:
            self._on_stream(participant)
        if self._line is not None and not self._line.hear(participant, pcm):
            return
        if self._dialogue is not None:
            self._dialogue.hear(participant, pcm)
            self._processing.hear(participant, pcm)
        if self._events.has_subscribers(AudioReceivedEvent):
            self._events.emit(AudioReceivedEvent, participant=participant, pcm_data=pcm)

    def on_participant_joined(self, participant: Participant) -> None:
        """Tell that somebody joined."""
        self._events.emit(ParticipantJoinedEvent, participant=participant, call=self.call)
        if self._line is not None:
            self._line.answered()
        self._wake_ups.look()

    def on_participant_left(self, participant: Participant) -> None:
        """Tell that somebody left, and stop listening to them."""
        self._streams.discard(participant.id)
        self._processing.on_left(participant)
        self._events.emit(ParticipantLeftEvent, participant=participant, call=self.call)
        self._wake_ups.look()
        if self._dialogue is not None and self._scope is not None and not self._scope.closed:
            self._scope.start(self._dialogue.forget(participant), name="forget")

    def on_participant_reconnecting(self, participant: Participant) -> None:
        """Tell that somebody cannot be reached."""
        self._events.emit(ParticipantReconnectingEvent, participant=participant, call=self.call)

    def on_participant_reconnected(self, participant: Participant) -> None:
        """Tell that somebody is back."""
        self._events.emit(ParticipantReconnectedEvent, participant=participant, call=self.call)

    def on_message(self, participant: Participant, message: PageMessage) -> None:
        """Answer typed words, or fall silent."""
        if self._dialogue is None:
            return
        if isinstance(message, TypedText):
            self._dialogue.take_turn(typed_turn(participant, message.text))
        else:
            self._dialogue.interrupt(force=False)

    def on_dtmf(self, participant: Participant, digit: str) -> None:
        """Hand a key to whoever waits for it."""
        if self._line is not None:
            self._line.telephone.press(participant, digit)

    def on_call_ended(self, detail: str) -> None:
        """Tell that the call is over, and end the session."""
        self._events.emit(CallEndedEvent, call=self.call, detail=detail)
        self._request_close(Reason.CALL_ENDED, detail)

    async def hear_one_of(self, wanted: Callable[[str], bool]) -> None:
        """Return when audio has come from a participant whose id is `wanted`."""
        while not any(wanted(participant) for participant in self._streams):
            self._new_stream.clear()
            await self._new_stream.wait()

    def _on_stream(self, participant: Participant) -> None:
        self._streams.add(participant.id)
        self._new_stream.set()
        self._events.emit(AudioStreamEnabledEvent, participant=participant)
