"""One participant's way in: audio to speech, pauses and turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vision_agents.core.agents.deadlines import Deadlines
from vision_agents.core.agents.hearing import Hearing
from vision_agents.core.agents.pipeline import Pipeline
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.inbound import InboundAudio
from vision_agents.core.observability.timeline import Mark, TurnTimeline, UserSpeech
from vision_agents.core.stt.stt import STTEvent, STTFailed, Transcript
from vision_agents.core.stt.stt import TurnEnded as RecogniserTurnEnded
from vision_agents.core.stt.stt import TurnStarted as RecogniserTurnStarted
from vision_agents.core.turns.decisions import (
    Decision,
    Hold,
    Interrupt,
    JudgePause,
    Prepare,
    Release,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.machine import TurnMachine
from vision_agents.core.turns.observations import (
    Floor,
    FloorChanged,
    Heard,
    Interim,
    Likelihood,
    Observation,
    ReportedEnd,
    ReportedStart,
    Silence,
    ToldToEnd,
    ToldToStart,
)
from vision_agents.core.types.people import Participant
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.listener")

_STALL: Seconds = 0.03
"""A timer that fires later than this tells that the process was busy, not that nothing was sent."""


@dataclass(frozen=True, slots=True)
class UserTurn:
    """A finished turn of a participant; `began` is on the event loop's clock."""

    participant: Participant
    text: str
    began: Seconds
    duration: Seconds
    trailing_silence: Seconds
    timeline: TurnTimeline


class ListenerSink(Protocol):
    """Who carries out what a listener finds."""

    def on_observed(
        self, participant: Participant, observation: Observation, decisions: Sequence[Decision]
    ) -> None:
        """The turn machine was told something; comes many times a second."""

    def on_speech_started(self, participant: Participant) -> None:
        """A participant begins to speak."""

    def on_prepare(self, participant: Participant, text: str, timeline: TurnTimeline) -> None:
        """A turn may be over: an answer may be prepared."""

    def on_speech_paused(self, participant: Participant) -> None:
        """A participant is silent; the turn may be over."""

    def on_speech_resumed(self, participant: Participant) -> None:
        """The turn was not over."""

    def on_hold(self, participant: Participant) -> None:
        """A participant may be taking the floor: the agent falls silent."""

    def on_release(self, participant: Participant) -> None:
        """It was nothing: the agent goes on."""

    def on_interrupt(self, participant: Participant) -> None:
        """A participant takes the floor."""

    def on_turn_ended(self, turn: UserTurn) -> None:
        """A participant's turn is complete."""

    def on_turn_dropped(self, participant: Participant) -> None:
        """What began as speech was nothing to answer."""

    def on_interim_transcript(self, participant: Participant, text: str) -> None:
        """A guess at what is being said."""

    def on_stt_error(self, error: Exception) -> None:
        """The recogniser failed."""


class Listener:
    """Feeds one participant's audio through the models and the turn machine.

    Args:
        participant: whose audio it is.
        pipeline: the models and the turn settings.
        sink: carries out the decisions.
        scope: holds the questions that are asked at a pause.
        deadlines: how long an answer may take.
    """

    def __init__(
        self,
        participant: Participant,
        *,
        pipeline: Pipeline,
        sink: ListenerSink,
        scope: TaskScope,
        deadlines: Deadlines,
    ) -> None:
        self.participant = participant
        self._sink = sink
        self._scope = scope
        self._deadlines = deadlines
        self._loop = asyncio.get_running_loop()
        self._machine = TurnMachine(pipeline.turns, has_detector=pipeline.turn_detection is not None)
        self._hearing = Hearing(pipeline, on_voice=self._observe, on_recogniser=self._on_recogniser)
        self._inbound = InboundAudio(self._on_audio, self._on_gap)
        self.push = self._inbound.push
        """Take the next piece of audio, the moment it arrives."""
        self._timeline = TurnTimeline()
        self._questions: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._at: Seconds = 0.0
        self._recognised = ""

    @property
    def pending(self) -> bool:
        """Whether the participant's turn has begun and not ended."""
        return self._machine.pending

    @property
    def turn_began(self) -> Seconds | None:
        """When the present turn began, on the event loop's clock; None between turns."""
        began = self._machine.turn_start
        return None if began is None else self._inbound.arrival(began)

    def begin_turn(self) -> None:
        """Open a turn by hand."""
        self._inbound.advance()
        self._observe(ToldToStart())

    def end_turn(self) -> None:
        """End the turn by hand."""
        self._observe(ToldToEnd())

    def floor_changed(self, floor: Floor) -> None:
        """Hear what the agent is doing now."""
        self._observe(FloorChanged(floor))

    async def close(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
        self._drop_questions()
        await self._hearing.close()

    def _on_audio(self, pcm: PcmData, at: Seconds) -> None:
        self._at = at + pcm.duration
        self._hearing.audio(pcm, self._at)

    def _on_gap(self, at: Seconds, duration: Seconds) -> None:
        self._at = at + duration
        self._hearing.gap(duration)
        self._observe(Silence(at=self._at))

    def _on_recogniser(self, event: STTEvent) -> None:
        match event:
            case Transcript(final=False, text=text):
                self._sink.on_interim_transcript(self.participant, text)
                self._observe(Interim(text=text))
            case Transcript(text=text):
                self._recognised = f"{self._recognised} {text}".strip()
                self._timeline.transcribed(self._loop.time())
            case RecogniserTurnStarted():
                self._observe(ReportedStart(at=self._inbound.reached()))
            case RecogniserTurnEnded():
                self._turn_reported()
            case STTFailed(error=error):
                self._sink.on_stt_error(error)
                self._turn_reported()

    def _turn_reported(self) -> None:
        """End the turn with what the recogniser has told, as far as it came."""
        text, self._recognised = self._recognised, ""
        self._observe(ReportedEnd(at=self._inbound.reached(), text=text))

    def _observe(self, observation: Observation) -> None:
        decisions = self._machine.observe(observation)
        self._sink.on_observed(self.participant, observation, decisions)
        for decision in decisions:
            self._carry_out(decision)
        if (deadline := self._machine.deadline) is not None:
            self._arm(deadline)

    def _carry_out(self, decision: Decision) -> None:
        match decision:
            case Hold():
                self._sink.on_hold(self.participant)
            case Release():
                self._sink.on_release(self.participant)
            case Interrupt():
                self._sink.on_interrupt(self.participant)
            case TurnDropped():
                self._begin_anew()
                self._sink.on_turn_dropped(self.participant)
            case TurnEnded():
                self._end_turn(decision)
            case _:
                self._follow(decision)

    def _follow(self, decision: SpeechStarted | SpeechPaused | JudgePause | Prepare | SpeechResumed) -> None:
        """Go along with the speaker inside of a turn."""
        match decision:
            case SpeechStarted():
                self._hearing.speech_started()
                self._sink.on_speech_started(self.participant)
            case SpeechPaused(pause=pause):
                self._sink.on_speech_paused(self.participant)
                self._ask(self._ask_recogniser(pause), name="transcript")
            case JudgePause(pause=pause):
                self._timeline.mark(Mark.PAUSE, self._loop.time())
                self._ask(self._ask_detector(pause), name="turn_detection")
            case Prepare(text=text):
                self._sink.on_prepare(self.participant, text, self._timeline)
            case SpeechResumed():
                self._drop_questions()
                self._hearing.speech_resumed()
                self._timeline = TurnTimeline()
                self._sink.on_speech_resumed(self.participant)

    def _end_turn(self, decision: TurnEnded) -> None:
        timeline = self._begin_anew()
        timeline.mark(Mark.SPEECH_END, self._inbound.arrival(decision.speech_end))
        timeline.mark(Mark.END_OF_TURN, self._loop.time())
        turn = UserTurn(
            participant=self.participant,
            text=decision.text,
            began=self._inbound.arrival(decision.speech_start),
            duration=decision.speech_end - decision.speech_start,
            trailing_silence=decision.at - decision.speech_end,
            timeline=timeline,
        )
        timeline.speech = UserSpeech(self.participant.id, turn.began, turn.duration, turn.trailing_silence)
        self._sink.on_turn_ended(turn)

    def _begin_anew(self) -> TurnTimeline:
        """Forget the turn's audio and questions; give its marks."""
        self._drop_questions()
        self._hearing.reset()
        timeline, self._timeline = self._timeline, TurnTimeline()
        return timeline

    def _ask(self, question: Coroutine[Any, Any, None], *, name: str) -> None:
        self._questions.append(self._scope.start(question, name=name))

    def _drop_questions(self) -> None:
        for question in self._questions:
            if question is not asyncio.current_task():
                question.cancel()
        self._questions = []

    async def _ask_recogniser(self, pause: int) -> None:
        text, asked = "", self._loop.time()
        try:
            async with asyncio.timeout(self._deadlines.transcript):
                text = await self._hearing.transcript()
            self._timeline.transcribed(self._loop.time(), asked=asked)
        except Exception as error:  # noqa: BLE001 - whatever a recogniser raises, the turn must end
            self._sink.on_stt_error(error)
        self._observe(Heard(pause=pause, text=text))

    async def _ask_detector(self, pause: int) -> None:
        try:
            async with asyncio.timeout(self._deadlines.turn_detection):
                likelihood = await self._hearing.likelihood()
        except Exception as error:  # noqa: BLE001 - silence decides where the detector cannot
            logger.warning("The turn detector failed", extra={"error": type(error).__name__})
            return
        if likelihood is not None:
            self._timeline.mark(Mark.TURN_DETECTED, self._loop.time())
            self._observe(Likelihood(pause=pause, probability=likelihood))

    def _arm(self, deadline: Seconds) -> None:
        """Look again when silence alone would decide, for a frame may not come."""
        due = self._inbound.deadline(deadline)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look_again, due)

    def _look_again(self, due: Seconds) -> None:
        self._timer = None
        deadline = self._machine.deadline
        if deadline is None:
            return
        if self._loop.time() - due > _STALL:  # frames wait behind this timer: they come first
            due = self._loop.time() + _STALL
            self._timer = self._loop.call_at(due, self._look_again, due)
            return
        if self._inbound.deadline(deadline) > self._loop.time() + 1e-6:
            self._arm(deadline)
        else:
            self._inbound.advance()
            # A grain more: adding up lengths must not leave the silence a rounding error too short.
            self._observe(Silence(at=max(self._at, deadline + 1e-6)))
