"""A call heard by a turn machine alone: as the listener would, but on remembered answers and in no time.

The order of events and the pieces of audio are those of `Listener` and `Hearing`; `live.py` checks that.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.turn_taking.corpus import Call
from benchmarks.turn_taking.ear import Ear
from benchmarks.turn_taking.voices import RATE

from vision_agents.core.turns.decisions import (
    Decision,
    JudgePause,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnDropped,
    TurnEnded,
)
from vision_agents.core.turns.machine import TurnMachine
from vision_agents.core.turns.observations import Heard, Likelihood, Observation, Silence
from vision_agents.core.turns.settings import TurnHandling

FRAME = RATE // 50
_PRE_ROLL = RATE // 2
_LEFT_OVER = 8 * FRAME
"""What the buffers keep of a turn that has ended; see `SpeechBuffer`."""
_GRAIN = 1e-6
_TOLERANCE = 0.06
"""How long the listener waits for a late frame; see `InboundAudio`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a model takes, in seconds."""

    stt: float = 0.04
    turn_detection: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What of a turn the detector hears: what was said since the speaker last went on after a pause.

    Args:
        pause: a pause from this length on, in seconds, makes the detector forget what was before it.
        pre_roll: seconds that it keeps from before the speaker went on.
    """

    pause: float = 0.0
    pre_roll: float = 0.5


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn that was ended at `at` on the clock; `text` is None for one that was dropped."""

    at: float
    text: str | None


@dataclass(slots=True)
class Tally:
    """What the models were asked to do."""

    transcripts: int = 0
    judgements: int = 0


class Replay:
    """One call under one set of rules.

    Args:
        call: the audio.
        ear: what the models make of it.
        turns: the rules.
        detector: whether the turn detector is asked.
        latency: of the models.
        stretch: what the detector hears; None for the whole turn.
    """

    def __init__(
        self,
        call: Call,
        ear: Ear,
        turns: TurnHandling,
        *,
        detector: bool,
        latency: Latency,
        stretch: Stretch | None = None,
    ) -> None:
        self._frames = len(call.samples) // FRAME
        self._ear = ear
        self._latency = latency
        self._machine = TurnMachine(turns, has_detector=detector)
        self._detector = detector
        self._stretch = stretch
        self._paused = 0.0
        self._now = 0.0
        self._position = 0
        self._answers: list[tuple[float, Observation]] = []
        self._timer: float | None = None
        self._turn_begin = 0
        self._stretch_begin = 0
        self._reset = -RATE
        self.ended: list[Ended] = []
        self.tally = Tally()

    def run(self) -> list[Ended]:
        """Hear the whole call."""
        windows = iter(self._ear.windows)
        window = next(windows, None)
        for frame in range(1, self._frames + 1):
            arrival = frame * FRAME / RATE
            self._until(arrival)
            self._now, self._position = arrival, frame * FRAME
            while window is not None and window.at <= arrival + 1e-9:
                self._observe(window)
                window = next(windows, None)
        return self.ended

    def _until(self, arrival: float) -> None:
        """Let come what comes before the next frame: answers, and the timer."""
        while True:
            due = [at for at, _ in self._answers]
            if self._timer is not None:
                due.append(self._timer)
            if not due or min(due) > arrival:
                return
            self._now = min(due)
            if self._now == self._timer:
                self._look_again()
            else:
                index = due.index(self._now)
                self._observe(self._answers.pop(index)[1])

    def _observe(self, observation: Observation) -> None:
        for decision in self._machine.observe(observation):
            self._carry_out(decision)
        if (deadline := self._machine.deadline) is not None:
            due = self._clock(deadline)
            self._timer = due if self._timer is None else min(due, self._timer)

    def _look_again(self) -> None:
        self._timer = None
        deadline = self._machine.deadline
        if deadline is None:
            return
        if self._clock(deadline) > self._now + _GRAIN:
            self._timer = self._clock(deadline)
        else:
            self._observe(Silence(at=max(self._position / RATE, deadline + _GRAIN)))

    def _clock(self, deadline: float) -> float:
        position = self._position / RATE
        if deadline <= position:
            return deadline
        return max(deadline, position + FRAME / RATE + _TOLERANCE)

    def _carry_out(self, decision: Decision) -> None:
        match decision:
            case SpeechStarted():
                self._turn_begin = max(self._position - _PRE_ROLL, self._reset - _LEFT_OVER)
                self._stretch_begin = self._turn_begin
            case SpeechPaused(pause=pause, speech_end=speech_end):
                self._paused = speech_end
                self.tally.transcripts += 1
                text = self._ear.text(self._turn_begin, self._position)
                self._answers.append((self._now + self._latency.stt, Heard(pause=pause, text=text)))
            case JudgePause(pause=pause):
                self._judge(pause)
            case SpeechResumed(at=at):
                self._answers.clear()
                self._go_on(at - self._paused)
            case TurnEnded(text=text):
                self._end(text)
            case TurnDropped():
                self._end(None)
            case _:
                pass

    def _go_on(self, pause: float) -> None:
        if self._stretch is not None and pause >= self._stretch.pause:
            begin = self._position - round(self._stretch.pre_roll * RATE)
            self._stretch_begin = max(self._stretch_begin, begin)

    def _judge(self, pause: int) -> None:
        if not self._detector:
            return
        self.tally.judgements += 1
        probability = self._ear.likelihood(self._stretch_begin, self._position)
        answer = Likelihood(pause=pause, probability=probability)
        self._answers.append((self._now + self._latency.turn_detection, answer))

    def _end(self, text: str | None) -> None:
        self.ended.append(Ended(self._now, text))
        self._answers.clear()
        self._reset = self._position
