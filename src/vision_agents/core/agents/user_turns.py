"""The participants' turns: everybody who is heard, and what their speech does to the agent's."""

from __future__ import annotations

from collections.abc import Callable

from vision_agents.core.agents.agent_turns import AgentTurns
from vision_agents.core.agents.ensemble import Surroundings
from vision_agents.core.agents.listener import Listener, UserTurn
from vision_agents.core.agents.listeners import Listeners
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.turn_events import TurnEvents
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import (
    TurnRulesEvent,
    UserInterimTranscriptEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.observability.timeline import TurnTimeline
from vision_agents.core.turns.observations import Floor
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import AgentState, UserState


class UserTurns:
    """Listens to everybody, and carries out what is found.

    Args:
        pipeline: the parts that hear, see `change`.
        around: what it shares with the rest of the dialogue.
        turns: the agent's turns.
        events: tells of turns.
        wake_ups: told of whatever ends or interrupts the user's silence.
        changed: told that somebody began or finished to speak.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        around: Surroundings,
        *,
        turns: AgentTurns,
        events: TurnEvents,
        wake_ups: WakeUpCalls,
        changed: Callable[[], None],
    ) -> None:
        self._pipeline = pipeline
        self._around = around
        self._history = around.history
        self._states = around.states
        self._bus = around.bus
        self._turns = turns
        self._events = events
        self.on_observed = events.observed
        """Lets the flight recorder write it down, where there is one."""
        self._wake_ups = wake_ups
        self._changed = changed
        self._listeners = Listeners(self._new_listener, around.scope)
        self._floor = Floor.FREE
        self._deaf = False
        self._holding: set[str] = set()
        self._owed = False
        """Whether a participant's question waits for an answer that nobody is making."""

    @property
    def pending(self) -> bool:
        """Whether somebody's turn has begun and not ended."""
        return self._listeners.pending

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a participant's audio; each gets a listener with the first frame."""
        if self._pipeline.stt is not None and not self._deaf:
            self._listeners.hear(participant, pcm)

    def begin(self) -> None:
        """Open the turn of everybody who is being heard."""
        self._listeners.begin_turn()

    def end(self) -> None:
        """End the turn of everybody who is speaking."""
        self._listeners.end_turn()

    def floor_changed(self, floor: Floor) -> None:
        """Hear what the agent is doing now."""
        self._floor = floor
        if floor is Floor.FREE:
            self._holding.clear()  # as each speaker's machine does: nothing is said that they could hold
        self._listeners.floor_changed(floor)

    def change(self, pipeline: Pipeline) -> None:
        """Hear through other parts, each participant from between two turns on."""
        old, self._pipeline = self._pipeline, pipeline
        if pipeline.hearing != old.hearing:
            self._listeners.renew()

    async def steady(self) -> None:
        """Return when nothing hears through the old parts any more."""
        await self._listeners.steady()

    async def forget(self, participant: Participant) -> None:
        """Stop listening to a participant who has left."""
        listener = self._listeners.take_out(participant)
        if listener is not None:
            self.on_release(participant)
            if listener.pending:
                self.on_turn_dropped(participant)
            self._wake_ups.look()
            await listener.close()

    def deafen(self) -> None:
        """Hear nothing more, from anybody."""
        self._deaf = True

    async def close(self) -> None:
        """Deafen, and end what was heard."""
        self.deafen()
        await self._listeners.close()

    # What the listeners find.

    def on_speech_started(self, participant: Participant) -> None:
        """Note that a participant begins to speak."""
        self._bus.emit(UserTurnStartedEvent, participant=participant)
        self._states.set_user(UserState.SPEAKING)
        if self._floor is Floor.FREE and self._states.agent is not AgentState.STARTING:
            self._states.set_agent(AgentState.LISTENING)
        self._wake_ups.look()

    def on_prepare(self, participant: Participant, text: str, timeline: TurnTimeline) -> None:
        """Begin to answer what may be the whole question."""
        if not self._listeners.others_speaking(participant):
            self._turns.prepare(_question(participant, text), timeline)

    def on_speech_paused(self, participant: Participant) -> None:
        """Note that a participant is silent; the turn may go on."""
        if not self._listeners.others_speaking(participant):
            self._states.set_user(self._silent_user)

    def on_speech_resumed(self, participant: Participant) -> None:
        """Drop what was prepared."""
        self._states.set_user(UserState.SPEAKING)
        self._turns.discard()

    def on_hold(self, participant: Participant) -> None:
        """Fall silent: somebody may be taking the floor."""
        self._holding.add(participant.id)
        self._turns.hold()

    def on_release(self, participant: Participant) -> None:
        """Go on, once nobody may be taking the floor any more."""
        self._holding.discard(participant.id)
        if not self._holding:
            self._turns.release()

    def on_interrupt(self, participant: Participant) -> None:
        """Give the floor to a participant; not while the agent is held back and nobody has heard it."""
        self._holding.clear()
        if not self._turns.held_back:
            self._turns.interrupt()
        last = self._history.messages[-1:]
        unanswered = bool(last) and last[0].role is Role.USER  # nobody heard a word of an answer
        self._owed |= unanswered and self._turns.idle
        self._states.set_agent(AgentState.LISTENING)

    def on_turn_dropped(self, participant: Participant) -> None:
        """Go on as if nothing had been said."""
        self._turns.discard()
        self._states.set_user(self._silent_user)
        if self._owed and self._turns.idle and not self._listeners.others_speaking(participant):
            self._owed = False
            self._turns.reply(policy="queue")
        self._changed()

    def on_interim_transcript(self, participant: Participant, text: str) -> None:
        """Pass on a guess at what is being said."""
        self._wake_ups.user_active()
        self._bus.emit(UserInterimTranscriptEvent, participant=participant, text=text)

    def on_stt_error(self, error: Exception) -> None:
        """Report a recogniser that failed."""
        self._events.stt_failed(error)

    def on_turn_ended(self, turn: UserTurn) -> None:
        """Answer a finished turn."""
        self._states.set_user(UserState.IDLE)
        self._wake_ups.user_active()
        self._events.user_turn(turn)
        prepared = self._turns.commit(turn.text)
        self._history.add(prepared or _question(turn.participant, turn.text))
        others = self._listeners.others_speaking(turn.participant)
        answered = self._pipeline.turns.answers_now(turn.began, others) and self._pipeline.model is not None
        self._owed = prepared is None and not answered and self._pipeline.model is not None
        if prepared is None and answered and not self._turns.held_back:
            self._turns.reply(policy="queue", timeline=turn.timeline.without_answer())
        self._changed()

    @property
    def _silent_user(self) -> UserState:
        return UserState.IDLE if self._floor is Floor.FREE else UserState.LISTENING

    def _new_listener(self, participant: Participant) -> Listener:
        pipeline = self._pipeline
        rules, has_detector = pipeline.turns, pipeline.turn_detection is not None
        self._bus.emit(TurnRulesEvent, participant=participant, rules=rules, has_detector=has_detector)
        around = self._around
        return Listener(
            participant, pipeline=pipeline, sink=self, scope=around.scope, deadlines=around.deadlines
        )


def _question(participant: Participant, text: str) -> Message:
    return Message(Role.USER, text, user_id=participant.user_id)
