"""Hears through a realtime model: who is heard, when the user's turns begin and end, and what was said."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vision_agents.core.agents.agent_turns import AgentTurns
from vision_agents.core.agents.first_speaker import FirstSpeaker
from vision_agents.core.agents.realtime_link import RealtimeLink, Response
from vision_agents.core.agents.realtime_responder import RealtimeResponder
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler
from vision_agents.core.events.agent import (
    UserInterimTranscriptEvent,
    UserTranscriptEvent,
    UserTurnEndedEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.llm.realtime import UserEvent, UserSpeechEnded, UserSpeechStarted, UserTranscript
from vision_agents.core.observability.timeline import Mark, TurnTimeline, UserSpeech
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.core.types.units import Seconds

_MOST_HELD = 3000
"""Frames, a minute of them, that wait while an answer is made that the model must not cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarParts:
    """Whom the ear works with.

    Args:
        link: the model.
        responder: makes answers of its responses.
        turns: the agent's turns.
        history: filled with what the user said.
        states: told who is doing what.
        bus: takes the events.
        reports: told of the user's turns.
    """

    link: RealtimeLink
    responder: RealtimeResponder
    turns: AgentTurns
    history: Conversation
    states: StateTracker
    bus: EventBus
    reports: TurnReports


@dataclass(frozen=True, slots=True, kw_only=True)
class EarHooks:
    """Whom the ear tells.

    Args:
        changed: the user began or finished to speak.
        active: words of the user came.
    """

    changed: Callable[[], None]
    active: Callable[[], None]


class RealtimeEar:
    """Feeds the model with one participant's voice at a time, and carries out what it hears.

    Args:
        parts: whom it works with.
        hooks: whom it tells.
    """

    def __init__(self, parts: EarParts, *, hooks: EarHooks) -> None:
        self._parts = parts
        self._hooks = hooks
        self._floor = FirstSpeaker()
        self._clock = asyncio.get_running_loop().time
        self._resampler: Resampler | None = None
        self._pushed: Seconds = 0.0
        self._pushed_at: Seconds = 0.0
        self._began: Seconds | None = None
        self._participant: Participant | None = None
        self._held: deque[PcmData] = deque(maxlen=_MOST_HELD)
        self._held_for_gate = False
        self._places: dict[str, int] = {}
        self._timeline = TurnTimeline()

    @property
    def pending(self) -> bool:
        """Whether the user is speaking."""
        return self._began is not None

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a participant's audio; it is dropped while somebody else speaks."""
        pcm = pcm.to_mono().to_int16()
        if not self._floor.holds(participant.id, pcm, self._clock()):
            return
        self._participant = participant
        self._held.append(pcm)
        held_back, responder = self._parts.turns.held_back, self._parts.responder
        if responder.protected or (held_back and responder.making):  # the model would cut it
            self._held_for_gate |= held_back
            return
        if self._held_for_gate and not held_back:  # by now it would cut what was kept from it
            self._held.clear()
        self._held_for_gate = False
        while self._held:
            self._push(self._held.popleft())

    def _push(self, pcm: PcmData) -> None:
        rate = self._parts.link.model.profile.input_rate
        if self._resampler is None or self._resampler.source_rate != pcm.sample_rate:
            self._resampler = Resampler(pcm.sample_rate, rate)
        self._pushed += pcm.duration
        self._pushed_at = self._clock()
        heard = self._resampler.process(pcm)
        self._parts.reports.collector.on_model_heard(heard)
        self._parts.link.push(heard)

    def forget(self, participant: Participant) -> None:
        """Listen to others from now on: a participant has left."""
        self._floor.forget(participant.id)
        if self._participant is not None and participant.id == self._participant.id and self.pending:
            self._end(UserSpeechEnded(answered=False))

    def take(self, event: UserEvent) -> None:
        """Take what the model heard."""
        match event:
            case UserSpeechStarted():
                self._start()
            case UserSpeechEnded():
                self._end(event)
            case UserTranscript(final=False, text=text):
                self._parts.bus.emit(UserInterimTranscriptEvent, participant=self._participant, text=text)
            case UserTranscript():
                self._write_down(event)

    def unasked(self, response: Response) -> None:
        """Let the model speak that was not asked to."""
        self._parts.responder.attach(self._parts.turns.reply(policy="queue"), response)

    def _start(self) -> None:
        if self.pending:
            return
        self._began = self._clock()
        self._parts.bus.emit(UserTurnStartedEvent, participant=self._participant)
        self._parts.states.set_user(UserState.SPEAKING)
        if not self._parts.turns.held_back:
            self._parts.turns.interrupt()
        if self._parts.turns.idle and self._parts.states.agent is not AgentState.STARTING:
            self._parts.states.set_agent(AgentState.LISTENING)
        self._hooks.changed()

    def _end(self, event: UserSpeechEnded) -> None:
        parts, now = self._parts, self._clock()
        began, self._began = self._began if self._began is not None else now, None
        ended = now if event.at is None else min(now, self._pushed_at - (self._pushed - event.at))
        timeline = TurnTimeline()
        timeline.mark(Mark.SPEECH_END, ended)
        timeline.mark(Mark.END_OF_TURN, now)
        speaker = self._participant.id if self._participant else ""
        timeline.speech = UserSpeech(speaker, began, max(0.0, ended - began), now - ended)
        self._timeline = timeline
        self._places[event.item] = len(parts.history)
        parts.states.set_user(UserState.IDLE)
        parts.reports.collector.on_user_turn(timeline)
        parts.bus.emit(
            UserTurnEndedEvent,
            participant=self._participant,
            duration_ms=timeline.speech.duration * 1000,
            trailing_silence_ms=timeline.speech.trailing_silence * 1000,
        )
        if event.answered and parts.turns.held_back:
            parts.link.decline()
        elif event.answered:
            handle = parts.turns.reply(policy="queue", timeline=timeline)
            parts.responder.attach(handle, parts.link.expect())
        self._hooks.changed()

    def _write_down(self, event: UserTranscript) -> None:
        """Put the words where they were said: the answer may have been heard before they came."""
        text = event.text.strip()
        place = self._places.pop(event.item, None)
        if not text:
            return
        parts = self._parts
        self._hooks.active()
        self._timeline.transcribed(self._clock())
        parts.reports.collector.on_user_transcript()
        message = Message(Role.USER, text, user_id=self._participant.user_id if self._participant else None)
        parts.link.knows(message.id)
        place = len(parts.history) if place is None else place
        parts.history.insert(place, message)
        self._places = {item: at + (at >= place) for item, at in self._places.items()}
        parts.bus.emit(UserTranscriptEvent, participant=self._participant, text=text)
