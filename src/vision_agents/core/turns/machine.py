"""Who speaks when: one speaker's turns, decided from observations in audio time.

Pure: no clock, no tasks, no I/O. The same observations give the same decisions.
"""

from vision_agents.core.turns.barge_in import BargeIn
from vision_agents.core.turns.decisions import (
    Decision,
    EndedBy,
    JudgePause,
    Prepare,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.endpointing import PauseFacts
from vision_agents.core.turns.gate import SpeechGate
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
    Voice,
)
from vision_agents.core.turns.pace import Pace
from vision_agents.core.turns.pause import Pause
from vision_agents.core.turns.settings import TurnHandling
from vision_agents.core.types.units import Seconds


class TurnMachine:
    """One speaker's turns: quiet, speaking, pausing, and back.

    Args:
        settings: the rules.
        has_detector: whether a turn detector is asked about pauses.
    """

    def __init__(self, settings: TurnHandling, *, has_detector: bool) -> None:
        self._settings = settings
        self._has_detector = has_detector
        self._gate = SpeechGate(settings.gate)
        self._barge_in = BargeIn(settings)
        self._pace = Pace()
        self._at: Seconds = 0.0
        self.turn_start: Seconds | None = None
        """When the present turn began; None between turns."""
        self._pauses = 0
        self._pause: Pause | None = None

    @property
    def pending(self) -> bool:
        """Whether a turn has begun and not ended."""
        return self.turn_start is not None

    @property
    def deadline(self) -> Seconds | None:
        """Audio time at which silence alone would change something; None where it would not."""
        own = None if self._settings.manual else self._next_due()
        due = [at for at in (own, self._barge_in.deadline) if at is not None and at > self._at]
        return min(due, default=None)

    def observe(self, observation: Observation) -> list[Decision]:
        """Take one observation and tell what follows from it."""
        match observation:
            case Voice():
                return self._voice(observation)
            case Silence(at=at):
                self._at = max(self._at, at)
                self._gate.gap(self._at)
                return self._silence()
            case Interim(text=text):
                return self._barge_in.words(text, self._at) if self.pending else []
            case Likelihood(pause=pause, probability=probability):
                return self._judged(pause, probability)
            case Heard(pause=pause, text=text):
                return self._heard(pause, text)
            case FloorChanged(floor=floor):
                self._barge_in.floor_changed(floor, self._at)
                return []
            case _:
                return self._told(observation)

    def _told(self, observation: ReportedStart | ReportedEnd | ToldToStart | ToldToEnd) -> list[Decision]:
        """Somebody else judges: the recogniser, or the application."""
        match observation:
            case ReportedStart(at=at):
                self._at = max(self._at, at)
                return [*self._begin(self._at), *self._barge_in.reported(self._at)]
            case ReportedEnd(at=at, text=words):
                text = _only_words(words)
                self._at = max(self._at, at)
                if not text and self.turn_start is None:
                    return []
                if self.turn_start is None or self._gate.speech_end <= self.turn_start:
                    self._gate.speech_end = self._at
                return self._end(text, EndedBy.RECOGNISER) if text else self._drop()
            case ToldToStart():
                return [*self._begin(self._at), *self._go_on(), *self._barge_in.cut(self._at)]
            case ToldToEnd():
                return self._end_when_heard()

    def _next_due(self) -> Seconds | None:
        if self.turn_start is None:
            return None
        if self._pause is None:
            if self._gate.speech_end <= self.turn_start:  # only reported: no silence is heard
                return None
            return self._gate.speech_end + self._settings.prepare_after
        if not self._pause.judged:
            return self._pause.began + self._settings.judge_after
        due = self._pause.began + self._patience(self._pause)
        return max(due, self._gate.in_doubt_until or due)

    @property
    def _silent_for(self) -> Seconds:
        """A grain more than less: sums of lengths are rounded, and a deadline that has come has come."""
        return self._gate.silence(self._at) + 1e-6

    def _patience(self, pause: Pause) -> Seconds:
        return self._settings.endpointing.patience(
            PauseFacts(
                text=pause.text,
                likelihood=pause.likelihood,
                has_detector=self._has_detector,
                hesitation=self._pace.hesitation,
            )
        )

    def _voice(self, window: Voice) -> list[Decision]:
        self._at = window.at
        self._gate.hear(at=window.at, duration=window.duration, probability=window.probability)
        if self._gate.speech_start is not None and self._gate.speech_end == window.at:
            return self._speech(self._gate.speech_start)
        return self._silence()

    def _speech(self, stretch_start: Seconds) -> list[Decision]:
        if self._settings.manual:
            return []
        decisions = self._begin(stretch_start)
        if self._pause is not None:
            self._pace.went_on(self._at - self._pause.began)
        decisions += self._go_on()
        return [*decisions, *self._barge_in.speech(self._at - stretch_start, self._at)]

    def _go_on(self) -> list[Decision]:
        pause, self._pause = self._pause, None
        return [] if pause is None else [SpeechResumed(pause=pause.id, at=self._at)]

    def _begin(self, at: Seconds) -> list[Decision]:
        if self.turn_start is not None:
            return []
        self.turn_start = at
        return [SpeechStarted(at=at)]

    def _silence(self) -> list[Decision]:
        decisions = self._barge_in.silence(self._at)
        if self.turn_start is None or self._settings.manual:
            return decisions
        silence = self._silent_for
        if self._pause is None:
            if silence < self._settings.prepare_after or self._gate.speech_end <= self.turn_start:
                return decisions
            decisions.append(self._open_pause(self._gate.speech_end))
        if not self._pause_judged and silence >= self._settings.judge_after:
            decisions.append(self._ask_for_judgement())
        return [*decisions, *self._decide()]

    @property
    def _pause_judged(self) -> bool:
        return self._pause is not None and self._pause.judged

    def _open_pause(self, began: Seconds) -> SpeechPaused:
        self._pauses += 1
        self._pause = Pause(self._pauses, began)
        return SpeechPaused(pause=self._pauses, speech_end=began, at=self._at)

    def _ask_for_judgement(self) -> JudgePause:
        """From here on a new stretch of speech must prove itself again."""
        assert self._pause is not None
        self._pause.judged = True
        self._gate.close()
        return JudgePause(pause=self._pause.id, at=self._at)

    def _judged(self, pause: int, likelihood: float) -> list[Decision]:
        if self._pause is None or pause != self._pause.id:
            return []
        self._pause.likelihood = likelihood
        return self._decide()

    def _heard(self, pause: int, text: str) -> list[Decision]:
        if self._pause is None or pause != self._pause.id:
            return []
        self._pause.text = text = _only_words(text)
        if self._pause.told:
            return self._end(text, EndedBy.TOLD) if text else self._drop()
        decisions: list[Decision] = []
        if text and self._settings.speculate and self._barge_in.floor is Floor.FREE:
            decisions.append(Prepare(pause=pause, text=text))
        return [*decisions, *self._decide()]

    def _decide(self) -> list[Decision]:
        """Whether the present pause ends the turn; silence only counts once the words are known."""
        pause = self._pause
        if pause is None or pause.text is None or not pause.judged:
            return []
        if self._barge_in.is_only_listening(pause.text):
            return self._drop()
        cut = self._barge_in.understood(self._at)
        if self._gate.in_doubt_until is not None or self._silent_for < self._patience(pause):
            return cut
        if not pause.text:
            return self._drop()
        sure = pause.likelihood is not None and pause.likelihood >= 0.5
        return [*cut, *self._end(pause.text, EndedBy.DETECTOR if sure else EndedBy.SILENCE)]

    def _end_when_heard(self) -> list[Decision]:
        if self.turn_start is None:
            return []
        pause = self._open_pause(self._at)
        assert self._pause is not None
        self._pause.judged = self._pause.told = True
        self._gate.speech_end = self._at
        return [pause]

    def _end(self, text: str, by: EndedBy) -> list[Decision]:
        if self._barge_in.is_only_listening(text):
            return self._drop()
        ended = TurnEnded(
            text=text,
            speech_start=self._gate.speech_end if self.turn_start is None else self.turn_start,
            speech_end=self._gate.speech_end,
            at=self._at,
            by=by,
        )
        cut = self._barge_in.cut(self._at)
        self._forget()
        return [*cut, ended]

    def _drop(self) -> list[Decision]:
        self._forget()
        return [*self._barge_in.nothing(self._at), TurnDropped(at=self._at)]

    def _forget(self) -> None:
        self._gate.close()
        self.turn_start = None
        self._pause = None


def _only_words(text: str) -> str:
    """Take a transcript without a letter or digit ("...") for none."""
    return text if any(character.isalnum() for character in text) else ""
