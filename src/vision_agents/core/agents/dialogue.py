"""The conversation itself: participants' turns become the agent's, and the history keeps what was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from vision_agents.core.agents.agent_turns import AgentTurns, TurnHooks
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.ensemble import Persona, Surroundings, assemble
from vision_agents.core.agents.listener import Listener, UserTurn
from vision_agents.core.agents.output import Output, Silence
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.realtime_ear import EarHooks, RealtimeEar
from vision_agents.core.agents.realtime_side import connect
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.agents.turn_events import TurnEvents
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Connection
from vision_agents.core.events.agent import (
    TurnObservedEvent,
    TurnRulesEvent,
    UserInterimTranscriptEvent,
    UserTurnStartedEvent,
)
from vision_agents.core.events.bus import EventBus
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest
from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.turns.decisions import Decision
from vision_agents.core.turns.observations import Floor, Observation
from vision_agents.core.types.component import overrides
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.dialogue")


class Dialogue:
    """Who said what to whom, as it happens.

    Args:
        pipeline: the parts.
        instructions: the persona.
        tools: what the model may call.
        connection: the joined call.
        history: filled with what was heard.
        states: told who is doing what.
        bus: takes the events.
        reports: told of every turn that is over.
        wake_ups: told of whatever ends or interrupts the user's silence.
        scope: holds the tasks.
        deadlines: bounds of the parts' answers.
    """

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        instructions: str,
        tools: FunctionRegistry,
        connection: Connection,
        history: Conversation,
        states: StateTracker,
        bus: EventBus,
        reports: TurnReports,
        wake_ups: WakeUpCalls,
        scope: TaskScope,
        deadlines: Deadlines,
    ) -> None:
        self._pipeline = pipeline
        self._history = history
        self._states = states
        self._bus = bus
        self._reports = reports
        self._wake_ups = wake_ups
        self._scope = scope
        self._deadlines = deadlines
        self._listeners: dict[str, Listener] = {}
        self._floor = Floor.FREE
        self._deaf = False
        self._first_request = LLMRequest(instructions, (), tools.schemas())
        self._holding: set[str] = set()
        self._told = False
        self._events = TurnEvents(bus, reports)
        self.quiet = asyncio.Event()
        """Set while the agent has nothing to say."""
        self.quiet.set()
        self._owed = False
        """Whether a participant's question waits for an answer that nobody is making."""
        self._output = Output(
            connection,
            started=self._on_started,
            sentence=self._events.sentence,
            ended=self._on_ended,
            on_error=self._on_output_error,
        )
        self._around = Surroundings(
            history=history, states=states, bus=bus, reports=reports, scope=scope, deadlines=deadlines
        )
        persona = Persona(instructions=instructions, tools=tools)
        self._ensemble = assemble(pipeline, persona, self._around)
        self._ear: RealtimeEar | None = None
        self.turns = AgentTurns(
            responder=self._ensemble.answerer,
            speaker=self._ensemble.speaker,
            output=self._output,
            scope=scope,
            hooks=TurnHooks(
                changed=self._on_changed,
                inside=reports.trace.inside,
                ended=reports.agent_turn,
                failed=self._events.failed,
                wasted=self._events.wasted,
            ),
        )

    @property
    def hearing_somebody(self) -> bool:
        """Whether somebody's turn has begun and not ended."""
        by_ear = self._ear is not None and self._ear.pending
        return by_ear or any(listener.pending for listener in self._listeners.values())

    @property
    def settled(self) -> bool:
        """Whether nobody's turn is under way: no speech, no pause being judged, no answer, no playback."""
        return self.turns.idle and not self.hearing_somebody

    async def connect(self) -> None:
        """Open the conversation with a realtime model, where there is one; raises what the model raises."""
        hooks = EarHooks(changed=self._on_changed, active=self._wake_ups.user_active)
        self._ear = await connect(self._ensemble, self._around, turns=self.turns, hooks=hooks)

    def prepare(self) -> None:
        """Let the model read ahead what every request of this session begins with."""
        llm = self._pipeline.llm
        if llm is not None and overrides(llm.prepare, LLM.prepare):
            self._scope.start(llm.prepare(self._first_request), name="prepare")

    def hear(self, participant: Participant, pcm: PcmData) -> None:
        """Take a participant's audio; each gets a listener with the first frame."""
        if self._ear is not None:
            self._ear.hear(participant, pcm)
            return
        if self._pipeline.stt is None or self._deaf:
            return
        listener = self._listeners.get(participant.id)
        if listener is None:
            listener = self._listeners[participant.id] = Listener(
                participant,
                pipeline=self._pipeline,
                sink=self,
                scope=self._scope,
                deadlines=self._deadlines,
            )
            self._bus.emit(
                TurnRulesEvent,
                participant=participant,
                rules=self._pipeline.turns,
                has_detector=self._pipeline.turn_detection is not None,
            )
            listener.floor_changed(self._floor)
            if self._told:
                listener.begin_turn()
        listener.push(pcm)

    def enter(self) -> None:
        """Take part: from now on the agent is idle where it does nothing."""
        if self._states.agent is AgentState.STARTING:
            self._states.set_agent(AgentState.IDLE)
        self._on_changed()

    def interrupt(self, *, force: bool) -> Silence:
        """Cut what the agent says and has to say; what must not be interrupted only with `force`.

        Without `force` an utterance that must not be interrupted keeps everything as it is.
        """
        current = self.turns.current
        if current is not None and not current.is_interruptible and not force:
            logger.warning("What is being said must not be interrupted", extra={"utterance": current.id})
        elif not self.turns.idle:
            self._states.set_agent(AgentState.LISTENING)
            self.turns.interrupt(force=force)
            return self._output.falling_silent()
        return Silence()

    def begin_user_turn(self) -> None:
        """Open the turn of everybody who is being heard."""
        self._told = True
        for listener in list(self._listeners.values()):
            listener.begin_turn()

    def end_user_turn(self) -> None:
        """End the turn of everybody who is speaking."""
        self._told = False
        for listener in list(self._listeners.values()):
            listener.end_turn()

    async def forget(self, participant: Participant) -> None:
        """Stop listening to a participant who has left."""
        if self._ear is not None:
            self._ear.forget(participant)
        listener = self._listeners.pop(participant.id, None)
        if listener is not None:
            self.on_release(participant)
            if listener.pending:
                self.on_turn_dropped(participant)
            self._wake_ups.look()
            await listener.close()

    async def stop_listening(self) -> None:
        """Hear nothing more, from anybody."""
        self._deaf = True
        self._ear = None
        if self._ensemble.link is not None:
            await self._ensemble.link.close()
        listeners, self._listeners = list(self._listeners.values()), {}
        await asyncio.gather(*(listener.close() for listener in listeners))

    def stop(self) -> None:
        """Cut everything and play nothing more."""
        self.turns.close()
        self._output.stop()

    # What the listeners find.

    def on_observed(
        self, participant: Participant, observation: Observation, decisions: Sequence[Decision]
    ) -> None:
        """Let the flight recorder write it down, where there is one."""
        if self._bus.has_subscribers(TurnObservedEvent):
            self._bus.emit(
                TurnObservedEvent,
                participant=participant,
                observation=observation,
                decisions=tuple(decisions),
            )

    def on_speech_started(self, participant: Participant) -> None:
        """Note that a participant begins to speak."""
        self._bus.emit(UserTurnStartedEvent, participant=participant)
        self._states.set_user(UserState.SPEAKING)
        if self._floor is Floor.FREE and self._states.agent is not AgentState.STARTING:
            self._states.set_agent(AgentState.LISTENING)
        self._wake_ups.look()

    def on_prepare(self, participant: Participant, text: str, timeline: TurnTimeline) -> None:
        """Begin to answer what may be the whole question."""
        if not self._others_speaking(participant):
            self.turns.prepare(_question(participant, text), timeline)

    def on_speech_paused(self, participant: Participant) -> None:
        """Note that a participant is silent; the turn may go on."""
        if not self._others_speaking(participant):
            self._states.set_user(self._silent_user)

    def on_speech_resumed(self, participant: Participant) -> None:
        """Drop what was prepared."""
        self._states.set_user(UserState.SPEAKING)
        self.turns.discard()

    def on_hold(self, participant: Participant) -> None:
        """Fall silent: somebody may be taking the floor."""
        self._holding.add(participant.id)
        self.turns.hold()

    def on_release(self, participant: Participant) -> None:
        """Go on, once nobody may be taking the floor any more."""
        self._holding.discard(participant.id)
        if not self._holding:
            self.turns.release()

    def on_interrupt(self, participant: Participant) -> None:
        """Give the floor to a participant."""
        self._holding.clear()
        self.turns.interrupt()
        last = self._history.messages[-1:]
        unanswered = bool(last) and last[0].role is Role.USER  # nobody heard a word of an answer
        self._owed |= unanswered and self.turns.idle
        self._states.set_agent(AgentState.LISTENING)

    def on_turn_dropped(self, participant: Participant) -> None:
        """Go on as if nothing had been said."""
        self.turns.discard()
        self._states.set_user(self._silent_user)
        if self._owed and self.turns.idle and not self._others_speaking(participant):
            self._owed = False
            self.turns.reply(policy="queue")
        self._on_changed()

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
        prepared = self.turns.commit(turn.text)
        self._history.add(prepared or _question(turn.participant, turn.text))
        others = self._others_speaking(turn.participant)
        answered = self._pipeline.turns.answers_now(turn.began, others) and self._pipeline.model is not None
        self._owed = prepared is None and not answered and self._pipeline.model is not None
        if prepared is None and answered:
            self.turns.reply(policy="queue", timeline=turn.timeline.without_answer())
        self._on_changed()

    @property
    def _silent_user(self) -> UserState:
        return UserState.IDLE if self._floor is Floor.FREE else UserState.LISTENING

    def _others_speaking(self, participant: Participant) -> list[Seconds]:
        """When the turns of the others that are still going on began."""
        others = (item for key, item in self._listeners.items() if key != participant.id)
        return [began for other in others if (began := other.turn_began) is not None]

    # What the agent's turns do.

    def _on_changed(self) -> None:
        floor = self.turns.floor
        if floor is Floor.FREE:
            self.quiet.set()
        else:
            self.quiet.clear()
        self._show(floor)
        self._wake_ups.look()
        if floor is not self._floor:
            self._floor = floor
            for listener in list(self._listeners.values()):
                listener.floor_changed(floor)

    def _show(self, floor: Floor) -> None:
        thinking = floor is Floor.PROTECTED and not self.turns.speaking
        if floor is Floor.THINKING or thinking:
            self._states.set_agent(AgentState.THINKING)
        elif floor is not Floor.FREE or self._states.agent is AgentState.STARTING:
            return  # it speaks, or has not entered yet
        elif self.hearing_somebody:
            self._states.set_agent(AgentState.LISTENING)
        else:
            self._states.set_user(UserState.IDLE)
            self._states.set_agent(AgentState.IDLE)

    def _on_started(self, utterance: UtteranceHandle) -> None:
        self._states.set_user(UserState.LISTENING)
        self._states.set_agent(AgentState.SPEAKING)
        self._events.began(utterance)
        turn = self.turns.find(utterance)
        if turn is not None:
            turn.answer.timeline.mark(Mark.FIRST_AUDIO_PLAYED, asyncio.get_running_loop().time())
            self._events.marks(utterance, turn.answer.timeline)
        self._on_changed()

    def _on_ended(self, utterance: UtteranceHandle) -> None:
        if utterance.spoken_text:
            heard, cut = utterance.spoken_text, utterance.interrupted
            self._history.add(Message(Role.ASSISTANT, heard, interrupted=cut, id=utterance.id))
        self._events.ended(utterance)
        self._on_changed()

    def _on_output_error(self, error: Exception) -> None:
        logger.error("The connection refused audio", exc_info=error)
        self.turns.interrupt(force=True)


def _question(participant: Participant, text: str) -> Message:
    return Message(Role.USER, text, user_id=participant.user_id)
