"""Whatever is observed, in whatever order: turns begin and end, and silence that lasts ends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

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
from vision_agents.core.turns.endpointing import AdaptiveEndpointing
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
    Voice,
)
from vision_agents.core.turns.settings import TurnHandling

WINDOW = 0.032
TEXTS = st.sampled_from(["", "okay", "hello there", "my number is"])
PAUSES = st.integers(1, 6)

speech = st.tuples(st.just("voice"), st.integers(1, 40), st.sampled_from([0.9, 0.4]))
silence = st.tuples(st.just("voice"), st.integers(1, 60), st.just(0.02))
marked = st.tuples(st.just("silence"), st.floats(0.001, 3), st.none())
answers = st.one_of(
    st.builds(Heard, pause=PAUSES, text=TEXTS),
    st.builds(Likelihood, pause=PAUSES, probability=st.floats(0, 1)),
    st.builds(Interim, text=TEXTS),
    st.builds(FloorChanged, floor=st.sampled_from(Floor)),
)
reports = st.tuples(st.just("report"), st.sampled_from(["start", "end"]), TEXTS)
scripts = st.lists(st.one_of(speech, silence, marked, answers, answers, reports), max_size=25)
rules = st.builds(
    TurnHandling,
    speculate=st.booleans(),
    endpointing=st.sampled_from([TurnHandling().endpointing, AdaptiveEndpointing()]),
)


Line: TypeAlias = tuple[str, float | str, float | str | None] | Heard | Likelihood | Interim | FloorChanged
Script: TypeAlias = list[Line]


class Run:
    """A machine that goes through a script; audio time goes forward."""

    def __init__(self, settings: TurnHandling, *, has_detector: bool) -> None:
        self.machine = TurnMachine(settings, has_detector=has_detector)
        self.at = 0.0
        self.log: list[tuple[Observation, list[Decision]]] = []

    def observe(self, observation: Observation) -> list[Decision]:
        decisions = self.machine.observe(observation)
        self.log.append((observation, decisions))
        return decisions

    def follow(self, script: Script) -> None:
        for line in script:
            for observation in self._observations(line):
                self.observe(observation)

    def _observations(self, line: Line) -> Iterator[Observation]:
        match line:
            case ("voice", int(count), float(probability)):
                for _ in range(count):
                    self.at += WINDOW
                    yield Voice(at=self.at, duration=WINDOW, probability=probability)
            case ("silence", float(seconds), None):
                self.at += seconds
                yield Silence(at=self.at)
            case ("report", "start", _):
                yield ReportedStart(at=self.at)
            case ("report", _, str(text)):
                yield ReportedEnd(at=self.at, text=text)
            case tuple():
                raise AssertionError(line)
            case answer:
                yield answer

    @property
    def decisions(self) -> list[Decision]:
        return [decision for _, decisions in self.log for decision in decisions]

    @property
    def voiced(self) -> bool:
        """Whether the turn that is open was begun by the VAD."""
        for observation, decisions in reversed(self.log):
            if any(isinstance(decision, SpeechStarted) for decision in decisions):
                return isinstance(observation, Voice)
        return False

    def fall_silent(self) -> None:
        """Nothing more is said, and whatever is asked is answered."""
        for _ in range(200):
            self.at += WINDOW
            decisions = self.observe(Voice(at=self.at, duration=WINDOW, probability=0.0))
            for pause in [*decisions, *self.decisions[-30:]]:
                if isinstance(pause, SpeechPaused):
                    self.observe(Heard(pause=pause.pause, text="hello there"))


@given(script=scripts, settings=rules, has_detector=st.booleans())
def test_the_same_observations_give_the_same_decisions(
    script: Script, settings: TurnHandling, has_detector: bool
) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    again = TurnMachine(settings, has_detector=has_detector)
    assert [again.observe(observation) for observation, _ in run.log] == [d for _, d in run.log]


@given(script=scripts, settings=rules, has_detector=st.booleans())
def test_a_turn_that_began_ends_when_silence_lasts_and_its_words_are_known(
    script: Script, settings: TurnHandling, has_detector: bool
) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    if run.machine.pending and not run.voiced:
        run.observe(ReportedEnd(at=run.at, text="hello there"))
    run.fall_silent()
    assert not run.machine.pending
    assert run.machine.deadline is None


@given(script=scripts, settings=rules, has_detector=st.booleans())
def test_turns_and_pauses_are_well_formed(script: Script, settings: TurnHandling, has_detector: bool) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    speaking, pause, last_pause = False, 0, 0
    for decision in run.decisions:
        match decision:
            case SpeechStarted():
                assert not speaking
                speaking = True
            case SpeechPaused(pause=number):
                assert speaking
                assert not pause
                assert number > last_pause
                pause = last_pause = number
            case JudgePause(pause=number) | Prepare(pause=number):
                assert number == pause
            case SpeechResumed(pause=number):
                assert number == pause
                pause = 0
            case TurnEnded(text=text):
                assert text
                speaking, pause = False, 0
            case TurnDropped():
                speaking, pause = False, 0
            case _:
                pass
    assert run.machine.pending == speaking


@given(script=scripts, settings=rules, has_detector=st.booleans())
def test_the_agent_is_only_stopped_while_it_does_something(
    script: Script, settings: TurnHandling, has_detector: bool
) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    floor = Floor.FREE
    for observation, decisions in run.log:
        floor = observation.floor if isinstance(observation, FloorChanged) else floor
        for decision in decisions:
            if isinstance(decision, Hold):
                assert floor is Floor.SPEAKING
            if isinstance(decision, Interrupt):
                assert floor in {Floor.SPEAKING, Floor.THINKING}
                floor = Floor.FREE


@given(script=scripts, settings=rules, has_detector=st.booleans())
def test_what_is_held_is_released_or_cut_once(
    script: Script, settings: TurnHandling, has_detector: bool
) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    held = False
    for decision in run.decisions:
        if isinstance(decision, Hold):
            assert not held
            held = True
        if isinstance(decision, Release):
            assert held
        if isinstance(decision, Release | Interrupt):
            held = False


@given(script=scripts, settings=rules, has_detector=st.booleans(), early=st.floats(0.01, 0.99))
def test_before_the_deadline_silence_changes_nothing(
    script: Script, settings: TurnHandling, has_detector: bool, early: float
) -> None:
    run = Run(settings, has_detector=has_detector)
    run.follow(script)
    due = run.machine.deadline
    if due is not None:
        assert run.observe(Silence(at=run.at + (due - run.at) * early)) == []
        left = run.machine.deadline
        assert left is not None
        assert left <= due  # sooner where voice was in doubt, for the gap shows that it was none
