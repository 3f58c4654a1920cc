"""Who speaks when: one speaker's turn, decided from observations in audio time.

Pure: no clock, no tasks, no I/O. The same observations give the same decisions.
"""

from vision_agents.core.turns.backchannel import is_backchannel
from vision_agents.core.turns.decisions import (
    Decision,
    EndedBy,
    Interrupt,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.gate import SpeechGate
from vision_agents.core.turns.observations import (
    Floor,
    FloorChanged,
    Heard,
    Likelihood,
    Observation,
    ReportedEnd,
    ReportedStart,
    Silence,
    Voice,
)
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.units import Seconds


class TurnMachine:
    """One speaker's turns: quiet, speaking, pausing, and back.

    Args:
        settings: how patient and how easily interrupted.
        has_detector: whether a turn detector answers each pause.
    """

    def __init__(self, settings: TurnHandling, *, has_detector: bool) -> None:
        self._settings = settings
        self._has_detector = has_detector
        self._gate = SpeechGate(settings.gate)
        self._floor = Floor.FREE
        self._at: Seconds = 0.0
        self._turn_start: Seconds | None = None
        self._pauses = 0
        self._pausing = False
        self._text: str | None = None
        self._likelihood: float | None = None

    @property
    def pending(self) -> bool:
        """Whether a turn has begun and not ended."""
        return self._turn_start is not None

    @property
    def deadline(self) -> Seconds | None:
        """Audio time at which silence alone would change something; None where it would not."""
        if self._turn_start is None:
            return None
        due = self._gate.speech_end + (self._patience if self._pausing else self._settings.endpointing.pause)
        return due if due > self._at else None

    def observe(self, observation: Observation) -> list[Decision]:
        """Take one observation and tell what follows from it."""
        match observation:
            case Voice():
                return self._voice(observation)
            case Silence(at=at):
                self._at = max(self._at, at)
                return self._silence()
            case Likelihood(pause=pause, probability=probability):
                return self._answered(pause, likelihood=probability)
            case Heard(pause=pause, text=text):
                return self._answered(pause, text=text)
            case ReportedStart(at=at):
                return self._reported_start(at)
            case ReportedEnd(at=at, text=text):
                return self._reported_end(at, text)
            case FloorChanged(floor=floor):
                self._floor = floor
                return []

    @property
    def _patience(self) -> Seconds:
        endpointing = self._settings.endpointing
        return endpointing.max_silence if self._has_detector else endpointing.min_silence

    def _voice(self, window: Voice) -> list[Decision]:
        self._at = window.at
        self._gate.hear(at=window.at, duration=window.duration, probability=window.probability)
        if self._gate.speech_start is not None and self._gate.speech_end == window.at:
            return self._speech(self._gate.speech_start)
        return self._silence()

    def _speech(self, stretch_start: Seconds) -> list[Decision]:
        decisions: list[Decision] = []
        if self._turn_start is None:
            self._turn_start = stretch_start
            decisions.append(SpeechStarted(at=stretch_start))
        elif self._pausing:
            self._pausing = False
            decisions.append(SpeechResumed(pause=self._pauses))
        if self._cuts_in(self._at - stretch_start):
            self._floor = Floor.FREE
            decisions.append(Interrupt(at=self._at))
        return decisions

    def _cuts_in(self, spoken: Seconds) -> bool:
        rules = self._settings.interruption
        if self._floor is Floor.SPEAKING:
            return spoken >= rules.while_speaking
        return self._floor is Floor.THINKING and spoken >= rules.while_thinking

    def _silence(self) -> list[Decision]:
        if self._turn_start is None:
            return []
        if self._pausing:
            return self._decide()
        if self._gate.silence(self._at) < self._settings.endpointing.pause:
            return []
        self._pauses += 1
        self._pausing = True
        self._text = self._likelihood = None
        self._gate.close()
        return [SpeechPaused(pause=self._pauses, speech_end=self._gate.speech_end, at=self._at)]

    def _answered(
        self, pause: int, *, text: str | None = None, likelihood: float | None = None
    ) -> list[Decision]:
        if not self._pausing or pause != self._pauses:
            return []
        self._text = self._text if text is None else text
        self._likelihood = self._likelihood if likelihood is None else likelihood
        return self._decide()

    def _decide(self) -> list[Decision]:
        """Whether the present pause ends the turn; silence only counts once the words are known."""
        if self._text is None:
            return []
        if not self._text:
            return self._drop()
        if self._likelihood is not None and self._likelihood >= self._settings.endpointing.likely:
            return self._end(self._text, EndedBy.DETECTOR)
        if self._gate.silence(self._at) >= self._patience:
            return self._end(self._text, EndedBy.SILENCE)
        return []

    def _end(self, text: str, by: EndedBy) -> list[Decision]:
        busy = self._floor is not Floor.FREE
        if busy and is_backchannel(text):
            return self._drop()
        decisions: list[Decision] = []
        if self._floor in {Floor.SPEAKING, Floor.THINKING}:
            self._floor = Floor.FREE
            decisions.append(Interrupt(at=self._at))
        start = self._gate.speech_end if self._turn_start is None else self._turn_start
        decisions.append(
            TurnEnded(text=text, speech_start=start, speech_end=self._gate.speech_end, at=self._at, by=by)
        )
        self._forget()
        return decisions

    def _drop(self) -> list[Decision]:
        self._forget()
        return [TurnDropped(at=self._at)]

    def _forget(self) -> None:
        self._gate.close()
        self._turn_start = None
        self._pausing = False
        self._text = self._likelihood = None

    def _reported_start(self, at: Seconds) -> list[Decision]:
        """Trust the recogniser: it has judged already that this is speech and not a noise."""
        self._at = max(self._at, at)
        decisions: list[Decision] = []
        if self._turn_start is None:
            self._turn_start = self._at
            decisions.append(SpeechStarted(at=self._at))
        if self._floor in {Floor.SPEAKING, Floor.THINKING}:
            self._floor = Floor.FREE
            decisions.append(Interrupt(at=self._at))
        return decisions

    def _reported_end(self, at: Seconds, text: str) -> list[Decision]:
        self._at = max(self._at, at)
        if self._gate.speech_start is None and not self._pausing:
            self._gate.speech_end = self._at
        return self._end(text, EndedBy.RECOGNISER) if text else self._drop()
