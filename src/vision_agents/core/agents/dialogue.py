"""The conversation itself: participants' turns become the agent's, and the history keeps what was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from vision_agents.core.agents.agent_turns import AgentTurn, AgentTurns, TurnHooks
from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.ensemble import Ensemble, Persona, Surroundings, assemble
from vision_agents.core.agents.handed_over import Successor
from vision_agents.core.agents.listener import UserTurn
from vision_agents.core.agents.output import Output, Silence
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.agents.realtime_ear import EarHooks, RealtimeEar
from vision_agents.core.agents.realtime_side import connect
from vision_agents.core.agents.states import StateTracker
from vision_agents.core.agents.turn_events import TurnEvents
from vision_agents.core.agents.turn_reports import TurnReports
from vision_agents.core.agents.user_turns import UserTurns
from vision_agents.core.agents.wake_up import WakeUpCalls
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.flag import Flag
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Connection
from vision_agents.core.errors import SessionClosed
from vision_agents.core.events.bus import EventBus
from vision_agents.core.functions.registry import FunctionRegistry
from vision_agents.core.history.conversation import Conversation
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest
from vision_agents.core.observability.timeline import Mark
from vision_agents.core.speech.utterance import UtteranceHandle
from vision_agents.core.turns.observations import Floor
from vision_agents.core.types.component import Component, overrides
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import AgentState, UserState
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import VideoFrame

logger = logging.getLogger("vision_agents.dialogue")

_LONGEST_TURN: Seconds = 30.0

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
        self._reports = reports
        self._wake_ups = wake_ups
        self._scope = scope
        self._floor = Floor.FREE
        self._first_request = LLMRequest(instructions, (), tools.schemas())
        self._events = TurnEvents(bus, reports)
        self.quiet = Flag(is_set=True)
        """Set while the agent has nothing to say."""
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
        self._over = False
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
        self._user = UserTurns(
            pipeline,
            self._around,
            turns=self.turns,
            events=self._events,
            wake_ups=wake_ups,
            changed=self._on_changed,
        )

    @property
    def hearing_somebody(self) -> bool:
        """Whether somebody's turn has begun and not ended."""
        by_ear = self._ear is not None and self._ear.pending
        return by_ear or self._user.pending

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
        """Take a participant's audio."""
        if self._ear is not None:
            self._ear.hear(participant, pcm)
        else:
            self._user.hear(participant, pcm)

    async def change(
        self,
        pipeline: Pipeline,
        persona: Persona | None,
        *,
        closing: Sequence[Component] = (),
        leave: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Go on with other parts, or as somebody else; where that raises, nothing has changed.

        Args:
            pipeline: the parts.
            persona: who answers from now on; None for the same.
            closing: parts that are closed once nothing needs them any more.
            leave: done when all is ready, just before the change; must not raise.
        """
        old = self._ensemble
        fresh = assemble(pipeline, persona or old.persona, self._around)
        try:
            async with asyncio.timeout(self._around.deadlines.start):
                ear = await self._connect(fresh)
            if leave is not None:
                await leave()
            await self._between_turns(ear)
        except BaseException:
            if fresh.link is not None:
                await fresh.link.close()
            raise
        self._ensemble, self._pipeline, self._ear = fresh, pipeline, ear
        self.turns.change(fresh.answerer, fresh.speaker)
        self._user.change(pipeline)
        self._scope.start(self._retire(old, closing), name="retire")

    async def _between_turns(self, ear: RealtimeEar | None) -> None:
        """Let a turn come to its end where a model hears: it is told whole turns only."""
        with suppress(TimeoutError):  # whoever talks for so long is cut
            async with asyncio.timeout(_LONGEST_TURN):
                while (ear or self._ear) and self.hearing_somebody:  # noqa: ASYNC110 - it ends in many places
                    await asyncio.sleep(0.02)
        if self._over:
            raise SessionClosed("The session has ended before its parts were changed.")

    async def _retire(self, old: Ensemble, closing: Sequence[Component]) -> None:
        """Close what nothing needs any more."""
        await asyncio.gather(*(item.wait() for item in self.turns.unfinished_of(old.answerer)))
        if old.link is not None:
            await old.link.close()
        await self._user.steady()
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
        self._user.begin()

    def end_user_turn(self) -> None:
        """End the turn of everybody who is speaking."""
        self._user.end()

    def take_turn(self, turn: UserTurn) -> None:
        """Take a whole turn that was not heard but typed."""
        self.turns.interrupt()
        self._user.on_turn_ended(turn)

    async def forget(self, participant: Participant) -> None:
        """Stop listening to a participant who has left."""
        if self._ear is not None:
            self._ear.forget(participant)
        await self._user.forget(participant)

    async def stop_listening(self) -> None:
        """Hear nothing more, from anybody."""
        self._over = True
        self._user.deafen()
        self._ear = None
        if self._ensemble.link is not None:
            await self._ensemble.link.close()
        await self._user.close()

    def stop(self) -> None:
        """Cut everything and play nothing more."""
        self.turns.close()
        self.output.stop()

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
            self._user.floor_changed(floor)

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
        logger.error("The connection refused audio", extra=failure_fields(error))
        self.turns.interrupt(force=True)
