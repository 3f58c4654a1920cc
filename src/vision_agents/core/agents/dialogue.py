"""The conversation itself: participants' turns become the agent's, and the history keeps what was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from vision_agents.core.agents.agent_turns import AgentTurn, AgentTurns, TurnHooks
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.ensemble import Ensemble, Persona, Surroundings, assemble
from vision_agents.core.agents.handed_over import Successor
from vision_agents.core.agents.listener import Listener, UserTurn
from vision_agents.core.agents.listeners import Listeners
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
from vision_agents.core.events.agent import TurnRulesEvent, UserInterimTranscriptEvent, UserTurnStartedEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest
from vision_agents.core.observability.timeline import Mark, TurnTimeline
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.turns.decisions import Decision
from vision_agents.core.turns.observations import Floor, Observation
from vision_agents.core.types.component import Component, overrides
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.core.video.frame import VideoFrame

logger = logging.getLogger("vision_agents.dialogue")

HandOver: TypeAlias = "Callable[[Dialogue, Successor], Coroutine[Any, Any, None]]"


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
        frames: gives what a model that sees is shown.
        scope: holds the tasks.
        deadlines: bounds of the parts' answers.
        hand_over: lets another agent go on.
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
        frames: Callable[[], Sequence[VideoFrame]],
        scope: TaskScope,
        deadlines: Deadlines,
        hand_over: HandOver,
    ) -> None:
        self._hand_over = hand_over
        self._pipeline = pipeline
        self._history = history
        self._states = states
        self._bus = bus
        self._reports = reports
        self._wake_ups = wake_ups
        self._scope = scope
        self._deadlines = deadlines
        self._listeners = Listeners(self._new_listener, scope)
        self._floor = Floor.FREE
        self._deaf = False
        self._first_request = LLMRequest(instructions, (), tools.schemas())
        self._holding: set[str] = set()
        self._events = TurnEvents(bus, reports)
        self.quiet = asyncio.Event()
        """Set while the agent has nothing to say."""
        self.quiet.set()
        self._owed = False
        """Whether a participant's question waits for an answer that nobody is making."""
        self.output = Output(
            connection,
            started=self._on_started,
            sentence=self._events.sentence,
            ended=self._on_ended,
            on_error=self._on_output_error,
        )
        self._around = Surroundings(
            history=history,
            states=states,
            bus=bus,
            reports=reports,
            frames=frames,
            scope=scope,
            deadlines=deadlines,
        )
        self._ensemble = assemble(pipeline, Persona(instructions=instructions, tools=tools), self._around)
        self._ear: RealtimeEar | None = None
        self.turns = AgentTurns(
            responder=self._ensemble.answerer,
            speaker=self._ensemble.speaker,
            output=self.output,
            scope=scope,
            hooks=TurnHooks(
                changed=self._on_changed,
                inside=reports.trace.inside,
                ended=self._on_turn_over,
                failed=self._events.failed,
                wasted=self._events.wasted,
            ),
        )

    @property
    def hearing_somebody(self) -> bool:
        """Whether somebody's turn has begun and not ended."""
        by_ear = self._ear is not None and self._ear.pending
        return by_ear or self._listeners.pending

    @property
    def settled(self) -> bool:
        """Whether nobody's turn is under way: no speech, no pause being judged, no answer, no playback."""
        return self.turns.idle and not self.hearing_somebody

    async def connect(self) -> None:
        """Open the conversation with a realtime model, where there is one; raises what it raises."""
        self._ear = await self._connect(self._ensemble)

    async def _connect(self, ensemble: Ensemble) -> RealtimeEar | None:
        hooks = EarHooks(changed=self._on_changed, active=self._wake_ups.user_active)
        return await connect(ensemble, self._around, turns=self.turns, hooks=hooks)

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
        self._listeners.hear(participant, pcm)

    def _new_listener(self, participant: Participant) -> Listener:
        pipeline = self._pipeline
        rules, has_detector = pipeline.turns, pipeline.turn_detection is not None
        self._bus.emit(TurnRulesEvent, participant=participant, rules=rules, has_detector=has_detector)
        return Listener(
            participant, pipeline=pipeline, sink=self, scope=self._scope, deadlines=self._deadlines
        )

    async def change(
        self, pipeline: Pipeline, persona: Persona | None, *, closing: Sequence[Component] = ()
    ) -> None:
        """Go on with other parts, or as somebody else; where that raises, nothing has changed."""
        old, old_ear = self._ensemble, self._ear
        fresh = assemble(pipeline, persona or old.persona, self._around)
        ear = await self._connect(fresh)
        # A model that hears is told whole turns only, and a turn can end in many places.
        while (ear or old_ear) and self.hearing_somebody:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self._ensemble, self._pipeline, self._ear = fresh, pipeline, ear
        self.turns.change(fresh.answerer, fresh.speaker)
        if pipeline.hearing != old.pipeline.hearing:
            self._listeners.renew()
        self._scope.start(self._retire(old, closing), name="retire")

    async def _retire(self, old: Ensemble, closing: Sequence[Component]) -> None:
        """Close what nothing needs any more."""
        await asyncio.gather(*(item.wait() for item in self.turns.unfinished_of(old.answerer)))
        if old.link is not None:
            await old.link.close()
        await self._listeners.steady()
        for part in closing:
            await part.close()

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
            return self.output.falling_silent()
        return Silence()

    def begin_user_turn(self) -> None:
        """Open the turn of everybody who is being heard."""
        self._listeners.begin_turn()

    def end_user_turn(self) -> None:
        """End the turn of everybody who is speaking."""
        self._listeners.end_turn()

    async def forget(self, participant: Participant) -> None:
        """Stop listening to a participant who has left."""
        if self._ear is not None:
            self._ear.forget(participant)
        listener = self._listeners.take_out(participant)
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
        await self._listeners.close()

    def stop(self) -> None:
        """Cut everything and play nothing more."""
        self.turns.close()
        self.output.stop()

    # What the listeners find.

    def on_observed(
        self, participant: Participant, observation: Observation, decisions: Sequence[Decision]
    ) -> None:
        """Let the flight recorder write it down, where there is one."""
        self._events.observed(participant, observation, decisions)

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
            self.turns.prepare(_question(participant, text), timeline)

    def on_speech_paused(self, participant: Participant) -> None:
        """Note that a participant is silent; the turn may go on."""
        if not self._listeners.others_speaking(participant):
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
        """Give the floor to a participant; not while the agent is held back and nobody has heard it."""
        self._holding.clear()
        if not self.output.gate.closed:
            self.turns.interrupt()
        last = self._history.messages[-1:]
        unanswered = bool(last) and last[0].role is Role.USER  # nobody heard a word of an answer
        self._owed |= unanswered and self.turns.idle
        self._states.set_agent(AgentState.LISTENING)

    def on_turn_dropped(self, participant: Participant) -> None:
        """Go on as if nothing had been said."""
        self.turns.discard()
        self._states.set_user(self._silent_user)
        if self._owed and self.turns.idle and not self._listeners.others_speaking(participant):
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
        others = self._listeners.others_speaking(turn.participant)
        answered = self._pipeline.turns.answers_now(turn.began, others) and self._pipeline.model is not None
        self._owed = prepared is None and not answered and self._pipeline.model is not None
        if prepared is None and answered and not (self.output.gate.closed and not self.turns.idle):
            self.turns.reply(policy="queue", timeline=turn.timeline.without_answer())
        self._on_changed()

    @property
    def _silent_user(self) -> UserState:
        return UserState.IDLE if self._floor is Floor.FREE else UserState.LISTENING

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
            self._listeners.floor_changed(floor)

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

    def _on_turn_over(self, turn: AgentTurn) -> None:
        self._reports.agent_turn(turn)
        successor = self._around.handed_over.give() if turn.answer.handed_over else None
        if successor is not None and not self._scope.closed:
            self._scope.start(self._hand_over(self, successor), name="hand-off")

    def _on_output_error(self, error: Exception) -> None:
        logger.error("The connection refused audio", exc_info=error)
        self.turns.interrupt(force=True)


def _question(participant: Participant, text: str) -> Message:
    return Message(Role.USER, text, user_id=participant.user_id)
