"""Who took the call? Audio in, decisions out: the line is listened to, and the verdict machine is told."""

from __future__ import annotations

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.call_progress import (
    BeepBegan,
    BeepHeard,
    CallProgress,
    LineEvent,
    VoiceBegan,
    VoiceEnded,
)
from vision_agents.core.turns.answer_events import (
    AnswerDecision,
    AnsweredBy,
    AnswerObservation,
    Beep,
    BeepLikely,
    Judged,
    LinePassed,
    SaidSoFar,
    TalkBegan,
    TalkEnded,
)
from vision_agents.core.turns.voicemail import VoicemailMachine, VoicemailRules
from vision_agents.core.types.units import Seconds


class AnswerListener:
    """Listens from the moment the call is answered; its audio time begins with the first sample it is given.

    Carry the decisions out: ask the model, open the gate at the verdict, leave a message at its time. Call
    `wait` when `deadline` has come and no audio: the verdict comes even if the line is dead.
    """

    def __init__(self, rules: VoicemailRules | None = None, *, has_model: bool = False) -> None:
        self._line = CallProgress()
        self._machine = VoicemailMachine(rules, has_model=has_model)
        self._position: Seconds = 0.0

    @property
    def deadline(self) -> Seconds | None:
        """Audio time at which something is decided even if nothing more is heard; None after the end."""
        return self._machine.deadline

    @property
    def position(self) -> Seconds:
        """Audio time so far."""
        return self._position

    def hear(self, pcm: PcmData) -> list[AnswerDecision]:
        """Take the next piece of the line's audio."""
        return self._follow(self._line.push(pcm), pcm.duration)

    def wait(self, duration: Seconds) -> list[AnswerDecision]:
        """Let `duration` seconds pass in which no audio came."""
        return self._follow(self._line.skip(duration), duration)

    def understand(self, text: str) -> list[AnswerDecision]:
        """Take everything that was understood since the beginning."""
        return self._machine.observe(SaidSoFar(text=text, at=self._position))

    def judge(self, answered_by: AnsweredBy) -> list[AnswerDecision]:
        """Take the model's answer to `AskModel`."""
        return self._machine.observe(Judged(answered_by=answered_by, at=self._position))

    def _follow(self, events: list[LineEvent], duration: Seconds) -> list[AnswerDecision]:
        self._position += duration
        heard = [*map(_observation, events), LinePassed(self._position)]
        return [decision for observation in heard for decision in self._machine.observe(observation)]


def _observation(event: LineEvent) -> AnswerObservation:
    match event:
        case VoiceBegan(at=at):
            return TalkBegan(at)
        case VoiceEnded(at=at):
            return TalkEnded(at)
        case BeepBegan(at=at):
            return BeepLikely(at)
        case BeepHeard(end=end):
            return Beep(end)
