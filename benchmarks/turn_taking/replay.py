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
    """How long a model takes, in seconds: the embedded ones' on one core, for a turn of usual length."""

    stt: float = 0.07
    turn_detection: float = 0.05


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn that was ended at `at` on the clock; `text` is None for one that was dropped."""

    at: float
    text: str | None


class Replay:
    """One call under one set of rules.

    Args:
        call: the audio.
        ear: what the models make of it.
        turns: the rules.
        detector: whether the turn detector is asked.
        latency: of the models.
        whole_turn: whether the detector hears the whole turn, not only what was said since the last pause.
    """

    def __init__(
        self,
        call: Call,
        ear: Ear,
        turns: TurnHandling,
        *,
        detector: bool,
        latency: Latency,
        whole_turn: bool = False,
    ) -> None:
        self._frames = len(call.samples) // FRAME
        self._ear = ear
        self._latency = latency
        self._machine = TurnMachine(turns, has_detector=detector)
        self._detector = detector
        self._whole_turn = whole_turn
        self._now = 0.0
        self._position = 0
        self._answers: list[tuple[float, Observation]] = []
        self._timer: float | None = None
        self._turn_begin = 0
        self._stretch_begin = 0
        self._reset = -RATE
        self.ended: list[Ended] = []

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
            case SpeechPaused(pause=pause):
                text = self._ear.text(self._turn_begin, self._position)
                self._answers.append((self._now + self._latency.stt, Heard(pause=pause, text=text)))
            case JudgePause(pause=pause):
                self._judge(pause)
            case SpeechResumed():
                self._answers.clear()
                if not self._whole_turn:
                    self._stretch_begin = max(self._stretch_begin, self._position - _PRE_ROLL)
            case TurnEnded(text=text):
                self._end(text)
            case TurnDropped():
                self._end(None)
            case _:
                pass

    def _judge(self, pause: int) -> None:
        if not self._detector:
            return
        probability = self._ear.likelihood(self._stretch_begin, self._position)
        answer = Likelihood(pause=pause, probability=probability)
        self._answers.append((self._now + self._latency.turn_detection, answer))

    def _end(self, text: str | None) -> None:
        self.ended.append(Ended(self._now, text))
        self._answers.clear()
        self._reset = self._position
