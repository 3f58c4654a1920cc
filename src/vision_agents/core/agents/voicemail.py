"""Who took the call: a person is greeted, a machine is not talked to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vision_agents.core.agents.answering import AnswerListener
from vision_agents.core.agents.transfer_desk import ask
from vision_agents.core.aio.callback import Callback
from vision_agents.core.aio.callback import call as call_back
from vision_agents.core.aio.failures import failure_fields
from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.events.agent import ExceptionEvent, UserInterimTranscriptEvent, UserTranscriptEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.telephone import VoicemailResultEvent
from vision_agents.core.history.messages import Message, Role
from vision_agents.core.llm.llm import LLM, LLMRequest
from vision_agents.core.speech.gate import Gate
from vision_agents.core.turns.answer_events import AnswerDecision, AnsweredBy, AskModel, MessageTime, Verdict
from vision_agents.core.turns.answer_words import ANSWER_FORMAT, read_verdict
from vision_agents.core.turns.voicemail import VoicemailRules
from vision_agents.core.types.units import Seconds

logger = logging.getLogger("vision_agents.voicemail")

_QUESTION = (
    "You hear what was said when an outbound telephone call was answered. Who took it? A person (human), a "
    "machine that records messages (voicemail), a menu that wants keys or words (ivr), the network that says "
    "nobody can be reached (unavailable), or a machine that asks who calls (screening)?"
)
_NOBODY_COMES: Seconds = 60.0
"""After so long the agent may speak though nobody has answered."""
_TICK: Seconds = 0.1


class VoicemailStatus(StrEnum):
    """What is known of who took the call."""

    UNKNOWN = "unknown"
    HUMAN = "human"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class VoicemailResult:
    """Who took the call, and what told it; see `AnsweredBy` and `Clue`."""

    is_voicemail: bool
    answered_by: str
    clue: str


class VoiceMailDetector:
    """Holds the agent's speech back until it is clear who took an outbound call, or time is up.

    Give it to the session of a call that the agent places. Who is known to call in (``sipCallType`` is
    ``"inbound"``) is a person, and nothing is held back; what is not known counts as outbound.

    Args:
        llm: asked where cadence, beep and words leave it open; None asks nobody.
        callback: called with the `VoicemailResult` when it is a machine; sync or async, with or without
            taking it.
        duration: silence after a long greeting, in seconds, after which the model is not waited for.
        custom_prompt: what the model is asked; how it answers is added.
        message: what the agent says when the machine records; then the session ends as ``voicemail``.
        rules: how a person sounds; `duration` is not used then.
        inbound: whether those who call in are judged, too.
    """

    def __init__(
        self,
        llm: LLM | None = None,
        callback: Callback | None = None,
        duration: Seconds = 2.0,
        custom_prompt: str | None = None,
        *,
        message: str | None = None,
        rules: VoicemailRules | None = None,
        inbound: bool = False,
    ) -> None:
        if rules is None and not duration > 0:
            raise ValueError(f"duration must be > 0 s, not {duration}.")
        self.llm = llm
        self.callback = callback
        self.rules = rules or _rules(duration)
        self.prompt = f"{custom_prompt or _QUESTION}\n{ANSWER_FORMAT}"
        self.message = message
        self.inbound = inbound
        self.result: VoicemailResult | None = None

    @property
    def status(self) -> VoicemailStatus:
        """What is known so far."""
        if self.result is None:
            return VoicemailStatus.UNKNOWN
        if self.result.is_voicemail:
            return VoicemailStatus.VOICEMAIL
        human = self.result.answered_by == AnsweredBy.HUMAN
        return VoicemailStatus.HUMAN if human else VoicemailStatus.UNKNOWN

    async def detect(self, text: str) -> AnsweredBy:
        """Ask the model who says `text`; whatever goes wrong is ``uncertain``."""
        if self.llm is None or not text.strip():
            return AnsweredBy.UNCERTAIN
        request = LLMRequest(self.prompt, (Message(Role.USER, text),))
        try:
            return read_verdict(await ask(self.llm, request))
        except Exception as error:  # noqa: BLE001 - the caller is not to wait for a model that fails
            logger.warning("The model cannot tell who took the call", extra={"error": type(error).__name__})
            return AnsweredBy.UNCERTAIN


def _rules(duration: Seconds) -> VoicemailRules:
    usual = VoicemailRules()
    after_long = min(usual.after_long, duration)
    return VoicemailRules(model=duration, after_long=after_long, ask_after=min(usual.ask_after, after_long))


class AnswerWatch:
    """Carries out the verdict in one session: holds the agent back, tells, leaves the message.

    Args:
        detector: what is asked for.
        gate: holds the agent's speech.
        events: where words come from and the result goes.
        scope: holds the work.
        silence: cuts what the agent was about to say, and lets it hear no more.
        leave_message: says the message and ends the session.
        model: the detector's, where it is not one of the pipeline's parts: made ready and given back here.
    """

    def __init__(
        self,
        detector: VoiceMailDetector,
        gate: Gate,
        events: EventBus,
        *,
        scope: TaskScope,
        silence: Callable[[], None],
        leave_message: Callable[[str], Coroutine[Any, Any, None]],
        model: LLM | None,
    ) -> None:
        self._model = model
        self._detector = detector
        self._gate = gate
        self._events = events
        self._scope = scope
        self._silence = silence
        self._leave_message = leave_message
        self._loop = asyncio.get_running_loop()
        self._listener = AnswerListener(detector.rules, has_model=detector.llm is not None)
        self._answered_at: Seconds | None = None
        self._over = False
        self._said = ""
        gate.close()
        for kind in (UserInterimTranscriptEvent, UserTranscriptEvent):
            events.on(kind, self._on_words)

    def wants(self, people: Mapping[str, Mapping[str, object]]) -> bool:
        """Tell whether those who are in the call, by what is known of them, are to be judged."""
        directions = {about.get("sipCallType") for about in people.values()}
        return self._detector.inbound or "inbound" not in directions or "outbound" in directions

    def answered(self) -> None:
        """Hear that somebody is on the line."""
        if self._answered_at is None:
            self._answered_at = self._loop.time()

    def hear(self, pcm: PcmData) -> None:
        """Take the line's next audio."""
        self.answered()
        self._guarded(lambda: self._listener.hear(pcm))

    async def watch(self) -> None:
        """Follow the clock while there is something to decide; the gate is open then, whatever happened."""
        began = self._loop.time()
        if self._model is not None:
            self._scope.start(self._model.start(), name="voicemail model start")
        try:
            while not self._over:
                await asyncio.sleep(_TICK)
                if self._answered_at is None:
                    self._over = self._loop.time() - began >= _NOBODY_COMES
                    continue
                self._guarded(self._pass_time)
        finally:
            self.close()
            if self._model is not None:
                await self._model.close()

    def close(self) -> None:
        """Watch no longer, and let the agent speak."""
        self._over = True
        self._events.off(self._on_words)
        if self._gate.closed:
            self._gate.open()

    def _pass_time(self) -> list[AnswerDecision]:
        """Let time pass in which no audio came; what is merely late does not count."""
        assert self._answered_at is not None
        missing = self._loop.time() - self._answered_at - self._listener.position
        decisions = self._listener.wait(missing) if missing > 2 * _TICK else []
        self._over = self._over or self._listener.deadline is None
        return decisions

    def _on_words(self, event: UserInterimTranscriptEvent | UserTranscriptEvent) -> None:
        words = f"{self._said} {event.text}".strip()
        if isinstance(event, UserTranscriptEvent):
            self._said = words
        self._guarded(lambda: self._listener.understand(words))

    def _guarded(self, step: Callable[[], list[AnswerDecision]]) -> None:
        """Take a step; whatever fails opens the gate."""
        if self._over:
            return
        try:
            for decision in step():
                self._carry_out(decision)
        except Exception as error:  # noqa: BLE001 - nobody must stay unheard because of it
            logger.error("The answer to a call could not be judged", extra=failure_fields(error))
            self.close()

    def _carry_out(self, decision: AnswerDecision) -> None:
        match decision:
            case AskModel(text=text):
                self._scope.start(self._judge(text), name="voicemail model")
            case Verdict():
                self._on_verdict(decision)
            case MessageTime():
                if self._detector.message is not None:
                    self._scope.start(self._leave_message(self._detector.message), name="voicemail message")

    async def _judge(self, text: str) -> None:
        answered_by = await self._detector.detect(text)
        self._guarded(lambda: self._listener.judge(answered_by))

    def _on_verdict(self, verdict: Verdict) -> None:
        is_voicemail = verdict.answered_by is AnsweredBy.VOICEMAIL
        result = VoicemailResult(is_voicemail, verdict.answered_by.value, verdict.by.value)
        self._detector.result = result
        if is_voicemail:
            self._silence()
        self._gate.open()
        self._events.emit(
            VoicemailResultEvent,
            is_voicemail=is_voicemail,
            answered_by=result.answered_by,
            clue=result.clue,
        )
        callback = self._detector.callback
        if is_voicemail and callback is not None:
            self._scope.start(call_back(callback, result), name="voicemail callback", on_error=self._failed)

    def _failed(self, error: Exception) -> None:
        logger.error("The callback of the voicemail detector failed", extra=failure_fields(error))
        self._events.emit(ExceptionEvent, handler="voicemail callback", error=error)
