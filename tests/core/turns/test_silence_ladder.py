"""The silence ladder (session.md 1.7): when a silent user is spoken to, and when the agent gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.turns.silence_ladder import (
    GiveUp,
    RulesChanged,
    SilenceDecision,
    SilenceLadder,
    SilenceRules,
    Situation,
    TimePassed,
    UserActive,
    WakeUp,
)

EVERY_15 = SilenceRules(wake_up=15.0)


class Call:
    """A call in which the clock goes on and situations change."""

    def __init__(self, rules: SilenceRules = EVERY_15, **facts: bool) -> None:
        self.at = 100.0
        self.facts = facts
        self.ladder = SilenceLadder(rules, Situation(at=self.at, **facts))
        self.decisions: list[SilenceDecision] = []

    def passes(self, seconds: float) -> list[SilenceDecision]:
        self.at = round(self.at + seconds, 6)
        return self._keep(self.ladder.observe(TimePassed(self.at)))

    def changes(self, **facts: bool) -> list[SilenceDecision]:
        self.facts = {**self.facts, **facts}
        return self._keep(self.ladder.observe(Situation(at=self.at, **self.facts)))

    def user_says_something(self) -> None:
        assert self._keep(self.ladder.observe(UserActive(self.at))) == []

    def has_rules(self, rules: SilenceRules) -> list[SilenceDecision]:
        return self._keep(self.ladder.observe(RulesChanged(at=self.at, rules=rules)))

    def agent_speaks(self, seconds: float) -> list[SilenceDecision]:
        return [*self.changes(agent_busy=True), *self.passes(seconds), *self.changes(agent_busy=False)]

    def noise(self, seconds: float) -> list[SilenceDecision]:
        return [*self.changes(user_speaking=True), *self.passes(seconds), *self.changes(user_speaking=False)]

    def _keep(self, news: list[SilenceDecision]) -> list[SilenceDecision]:
        self.decisions += news
        return news


def test_w1_defect_07_silence_after_the_greeting_wakes_once() -> None:
    call = Call()
    assert call.agent_speaks(3.0) == []
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=118.0)]
    assert call.passes(14.9) == []


def test_w1_it_runs_before_the_first_word_of_the_user() -> None:
    assert Call().passes(15.0) == [WakeUp(attempt=1, at=115.0)]


def test_w2_defect_08_who_is_not_woken_is_called_again() -> None:
    call = Call()
    assert call.passes(47.0) == [WakeUp(1, 115.0), WakeUp(2, 130.0), WakeUp(3, 145.0)]


def test_w2_the_count_begins_at_the_end_of_what_the_attempt_said() -> None:
    call = Call()
    call.passes(15.0)
    call.agent_speaks(4.0)
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=2, at=134.0)]


def test_w4_defect_08_while_a_tool_runs_nobody_is_woken() -> None:
    call = Call()
    call.changes(tool_running=True)
    assert call.passes(90.0) == []
    call.changes(tool_running=False, agent_busy=True)
    call.passes(5.0)
    call.changes(agent_busy=False)
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=210.0)]


def test_w5_defect_08_a_reply_that_was_cut_before_it_was_heard_brings_the_count_back() -> None:
    call = Call()
    call.passes(10.0)
    call.changes(agent_busy=True)
    call.changes(agent_busy=False)
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=125.0)]


def test_playback_counts_and_not_the_end_of_synthesis() -> None:
    call = Call(agent_busy=True)
    assert call.passes(60.0) == []
    assert call.ladder.deadline is None
    call.changes(agent_busy=False)
    assert call.ladder.deadline == pytest.approx(175.0)


def test_a_noise_stops_the_count_and_does_not_begin_it_anew() -> None:
    call = Call()
    call.passes(10.0)
    assert call.noise(3.0) == []
    assert call.passes(4.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=118.0)]


def test_noises_do_not_put_it_off_for_ever() -> None:
    call = Call()
    for _ in range(40):
        call.passes(1.0)
        call.noise(0.5)
    assert call.decisions == [WakeUp(1, 122.0), WakeUp(2, 144.5)]


def test_words_begin_the_count_and_the_attempts_anew() -> None:
    call = Call()
    call.passes(16.0)
    call.changes(user_speaking=True)
    call.user_says_something()
    call.passes(2.0)
    call.changes(user_speaking=False)
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=133.0)]


def test_words_that_are_understood_after_the_voice_count_too() -> None:
    call = Call()
    call.passes(14.0)
    call.noise(0.5)
    call.passes(0.5)
    call.user_says_something()
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=130.0)]


def test_a_key_is_a_sign_of_life() -> None:
    call = Call()
    call.passes(14.0)
    call.user_says_something()
    assert call.passes(14.0) == []


def test_somebody_who_talks_and_talks_is_not_asked_whether_they_are_there() -> None:
    call = Call()
    call.changes(user_speaking=True)
    for _ in range(10):
        assert call.passes(50.0) == []
        call.user_says_something()


def test_a_voice_without_a_word_is_noise_in_the_end() -> None:
    call = Call(SilenceRules(wake_up=15.0, longest_noise=60.0))
    call.passes(5.0)
    call.changes(user_speaking=True)
    assert call.ladder.deadline == pytest.approx(165.0)
    assert call.passes(60.0) == []
    assert call.ladder.deadline == pytest.approx(175.0)
    assert call.passes(10.0) == [WakeUp(attempt=1, at=175.0)]
    assert call.passes(15.0) == [WakeUp(attempt=2, at=190.0)]


def test_after_the_last_attempt_it_gives_up_once() -> None:
    call = Call(SilenceRules(wake_up=15.0, max_attempts=2))
    assert call.passes(300.0) == [WakeUp(1, 115.0), WakeUp(2, 130.0), GiveUp(attempts=2, at=145.0)]
    assert call.ladder.deadline is None


def test_who_speaks_after_all_is_listened_to_again() -> None:
    call = Call(SilenceRules(wake_up=15.0, max_attempts=1))
    call.passes(30.0)
    call.user_says_something()
    assert call.passes(30.0) == [WakeUp(1, 145.0), GiveUp(1, 160.0)]


def test_with_nobody_in_the_call_nobody_is_silent() -> None:
    call = Call(user_present=False)
    assert call.passes(500.0) == []
    call.changes(user_present=True)
    assert call.passes(14.9) == []
    assert call.passes(0.1) == [WakeUp(attempt=1, at=615.0)]


def test_rules_can_come_later_and_hold_at_once() -> None:
    call = Call(SilenceRules())
    assert call.passes(500.0) == []
    assert call.ladder.deadline is None
    assert call.has_rules(EVERY_15) == []
    assert call.ladder.deadline == pytest.approx(615.0)
    assert call.passes(15.0) == [WakeUp(attempt=1, at=615.0)]


def test_a_shorter_patience_counts_what_was_silent_already() -> None:
    call = Call()
    call.passes(10.0)
    assert call.has_rules(SilenceRules(wake_up=12.0)) == []
    assert call.ladder.deadline == pytest.approx(112.0)
    assert call.has_rules(SilenceRules(wake_up=8.0)) == [WakeUp(attempt=1, at=110.0)]


def test_switching_it_off_disarms_it() -> None:
    call = Call()
    call.passes(10.0)
    call.has_rules(SilenceRules())
    assert call.passes(100.0) == []


@pytest.mark.parametrize(
    "rules", [{"wake_up": 0}, {"wake_up": -1}, {"wake_up": 5, "max_attempts": 0}, {"longest_noise": 0}]
)
def test_silences_that_are_none_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        SilenceRules(**rules)  # pyright: ignore[reportArgumentType]


FACTS = ["agent_busy", "tool_running", "user_speaking", "user_present"]
STEPS = st.tuples(st.sampled_from([*FACTS, "words", "time"]), st.floats(0.001, 40))


@given(st.lists(STEPS, max_size=40))
def test_nobody_is_woken_while_something_goes_on(steps: list[tuple[str, float]]) -> None:
    call = Call(SilenceRules(wake_up=10.0, longest_noise=30.0), user_present=True)
    for what, later in steps:
        before = dict(call.facts)
        news = call.passes(later)
        quiet = before["user_present"] and not (before.get("agent_busy") or before.get("tool_running"))
        assert quiet or not news
        assert len(news) <= later / 10.0 + 1
        if what in FACTS:
            assert call.changes(**{what: not call.facts.get(what, False)}) == []
        elif what == "words":
            call.user_says_something()
    gaps = [after.at - before.at for before, after in zip(call.decisions, call.decisions[1:], strict=False)]
    assert all(gap >= 10.0 - 1e-5 for gap in gaps)


@given(st.lists(STEPS, max_size=25), st.integers(2, 7))
def test_how_often_it_is_asked_changes_nothing(steps: list[tuple[str, float]], parts: int) -> None:
    calls = [Call(SilenceRules(wake_up=10.0, longest_noise=30.0), user_present=True) for _ in range(2)]
    for call, pieces in zip(calls, (1, parts), strict=True):
        for what, later in steps:
            target = round(call.at + later, 6)
            for _ in range(pieces - 1):
                call.passes(round(later / pieces, 6) if call.at + later / pieces < target else 0.0)
            call.passes(max(0.0, target - call.at))
            if what in FACTS:
                call.changes(**{what: not call.facts.get(what, False)})
            elif what == "words":
                call.user_says_something()
    once, often = ([(type(news), round(news.at, 3)) for news in call.decisions] for call in calls)
    assert once == often


@given(st.lists(STEPS, max_size=25))
def test_a_user_who_stays_silent_is_always_woken_in_bounded_time(steps: list[tuple[str, float]]) -> None:
    call = Call(SilenceRules(wake_up=10.0, longest_noise=30.0), user_present=True)
    for what, later in steps:
        call.passes(later)
        if what in FACTS:
            call.changes(**{what: not call.facts.get(what, False)})
    call.changes(agent_busy=False, tool_running=False, user_present=True)
    assert call.passes(40.1)
