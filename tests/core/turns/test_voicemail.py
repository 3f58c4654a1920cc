"""Who took the call (session.md 1.10): one verdict, always; by sound first, then by words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.turns.scene import about

from vision_agents.core.turns.answer_events import (
    AnswerDecision,
    AnsweredBy,
    AnswerObservation,
    AskModel,
    Beep,
    BeepLikely,
    Clue,
    Judged,
    LinePassed,
    MessageTime,
    SaidSoFar,
    TalkBegan,
    TalkEnded,
    Verdict,
)
from vision_agents.core.turns.voicemail import VoicemailMachine, VoicemailRules

HUMAN, VOICEMAIL, UNCERTAIN = AnsweredBy.HUMAN, AnsweredBy.VOICEMAIL, AnsweredBy.UNCERTAIN


class Answer:
    """A call that was answered at 0, and what is decided about it."""

    def __init__(self, rules: VoicemailRules | None = None, *, has_model: bool = False) -> None:
        self.machine = VoicemailMachine(rules, has_model=has_model)
        self.at = 0.0
        self.decisions: list[AnswerDecision] = []

    def tell(self, observation: AnswerObservation) -> list[AnswerDecision]:
        news = self.machine.observe(observation)
        self.decisions += news
        return news

    def silence(self, seconds: float) -> list[AnswerDecision]:
        """Time goes by, as it would in a session: to each deadline, and to the end."""
        end, news = round(self.at + seconds, 6), list[AnswerDecision]()
        while self.machine.deadline is not None and self.at < self.machine.deadline <= end:
            self.at = self.machine.deadline
            news += self.tell(LinePassed(self.at))
        self.at = end
        return [*news, *self.tell(LinePassed(end))]

    def talk(self, seconds: float) -> list[AnswerDecision]:
        news = self.tell(TalkBegan(self.at))
        news += self.silence(seconds)
        return [*news, *self.tell(TalkEnded(self.at))]

    def said(self, text: str) -> list[AnswerDecision]:
        return self.tell(SaidSoFar(text, self.at))

    def model_says(self, answered_by: AnsweredBy) -> list[AnswerDecision]:
        return self.tell(Judged(answered_by, self.at))


def verdict(answered_by: AnsweredBy, by: Clue, at: float) -> Verdict:
    return Verdict(answered_by=answered_by, by=by, at=about(at))


def test_a_short_greeting_and_silence_is_a_person() -> None:
    call = Answer()
    call.silence(0.5)
    assert call.talk(0.6) == []
    assert call.silence(1.1) == []
    assert call.silence(0.1) == [verdict(HUMAN, Clue.CADENCE, 2.3)]


def test_a_person_who_says_hello_twice_is_one() -> None:
    call = Answer()
    call.talk(0.5)
    call.silence(0.8)
    call.talk(0.5)
    assert call.silence(2.0) == [verdict(HUMAN, Clue.CADENCE, 3.0)]


def test_clear_words_let_a_person_be_answered_sooner() -> None:
    call = Answer()
    call.talk(0.6)
    call.silence(0.3)
    assert call.said("Hello?") == []
    assert call.silence(1.0) == [verdict(HUMAN, Clue.WORDS, 1.0)]


def test_a_person_with_a_long_greeting_is_known_by_their_words() -> None:
    call = Answer()
    call.talk(5.0)
    call.said("Thank you for calling City Bank, my name is Joe, how may I help you today?")
    assert call.silence(2.5) == [verdict(HUMAN, Clue.WORDS, 5.4)]


def test_a_long_greeting_and_silence_is_a_machine_and_then_records() -> None:
    call = Answer()
    call.talk(6.0)
    assert call.silence(1.9) == [verdict(VOICEMAIL, Clue.CADENCE, 7.5)]
    assert call.silence(0.2) == [MessageTime(about(8.0))]


def test_who_talks_and_talks_is_a_machine() -> None:
    call = Answer()
    call.tell(TalkBegan(0.3))
    call.at = 0.3
    assert call.silence(9.0) == [verdict(VOICEMAIL, Clue.CADENCE, 8.3)]


def test_a_beep_is_a_machine_that_records_now() -> None:
    call = Answer()
    call.talk(1.2)
    call.silence(0.9)
    call.tell(BeepLikely(call.at))
    assert call.silence(0.9) == []  # without the tone it would have been a person by now
    assert call.tell(Beep(2.6)) == [verdict(VOICEMAIL, Clue.BEEP, 3.0), MessageTime(about(3.0))]


def test_a_tone_that_was_no_beep_holds_nothing_up_for_long() -> None:
    call = Answer()
    call.talk(1.2)
    call.tell(BeepLikely(call.at))
    assert call.silence(10.0) == [verdict(HUMAN, Clue.CADENCE, 4.4)]


def test_a_tone_that_a_voice_follows_was_no_beep_and_is_not_waited_for() -> None:
    call = Answer()
    call.talk(0.5)
    call.silence(0.3)
    call.tell(BeepLikely(call.at))
    call.silence(0.2)
    call.talk(0.5)
    assert call.silence(5.0) == [verdict(HUMAN, Clue.CADENCE, 2.7)]


def test_words_tell_a_machine_while_it_still_talks_and_the_message_waits_for_its_end() -> None:
    call = Answer()
    call.tell(TalkBegan(0.2))
    call.silence(2.0)
    assert call.said("Please leave a message") == [verdict(VOICEMAIL, Clue.WORDS, 2.0)]
    assert call.silence(4.0) == []
    call.tell(TalkEnded(call.at))
    assert call.silence(1.0) == []
    assert call.tell(Beep(call.at)) == [MessageTime(about(7.0))]


@pytest.mark.parametrize(
    ("text", "answered_by"),
    [
        ("For sales press one", AnsweredBy.IVR),
        ("The number you have dialed is not in service", AnsweredBy.UNAVAILABLE),
        ("Please state your name", AnsweredBy.SCREENING),
    ],
)
def test_other_machines_are_named_and_no_message_is_left(text: str, answered_by: AnsweredBy) -> None:
    call = Answer()
    call.talk(2.0)
    assert call.said(text) == [verdict(answered_by, Clue.WORDS, 2.0)]
    assert call.silence(100.0) == []
    assert call.machine.deadline is None


def test_the_model_is_asked_only_where_sound_and_words_leave_it_open() -> None:
    call = Answer(has_model=True)
    call.talk(5.0)
    call.said("Hi there, I'm travelling. Talk to you soon.")
    assert call.silence(0.5) == [AskModel("Hi there, I'm travelling. Talk to you soon.", about(5.5))]
    assert call.model_says(VOICEMAIL) == [verdict(VOICEMAIL, Clue.MODEL, 5.5)]
    short = Answer(has_model=True)
    short.talk(0.8)
    short.said("Peter Brown.")
    assert short.silence(2.0) == [verdict(HUMAN, Clue.CADENCE, 2.0)]


def test_the_model_can_take_a_long_greeting_for_a_persons() -> None:
    call = Answer(has_model=True)
    call.talk(4.5)
    call.said("Help desk, my name is Oliver, go ahead")
    call.silence(0.9)
    assert call.model_says(HUMAN) == [verdict(HUMAN, Clue.MODEL, 5.4)]


def test_defect_22_a_model_that_fails_or_is_not_sure_holds_nothing_up_and_is_no_person() -> None:
    for answer in (None, UNCERTAIN):
        call = Answer(has_model=True)
        call.talk(5.0)
        call.said("We are at the lake.")
        call.silence(0.6)
        if answer:
            assert call.model_says(answer) == []
        assert call.silence(2.0)[0] == verdict(VOICEMAIL, Clue.CADENCE, 7.0)


def test_what_the_model_thought_before_the_voice_went_on_is_void() -> None:
    call = Answer(has_model=True)
    call.talk(4.0)
    call.said("We are at the lake")
    call.silence(0.6)
    call.tell(TalkBegan(call.at))
    assert call.model_says(HUMAN) == []
    call.silence(1.0)
    call.said("We are at the lake so tell us who you are")
    call.tell(TalkEnded(call.at))
    assert AskModel("We are at the lake so tell us who you are", about(6.1)) in call.silence(0.5)


def test_the_gate_opens_where_nothing_is_ever_heard() -> None:
    call = Answer()
    assert call.silence(60.0) == [verdict(UNCERTAIN, Clue.DEADLINE, 10.0)]
    assert call.machine.deadline is None


def test_the_gate_opens_where_a_voice_never_ends_and_the_message_too() -> None:
    call = Answer()
    call.silence(1.0)
    call.tell(TalkBegan(1.0))
    assert call.silence(100.0) == [verdict(VOICEMAIL, Clue.CADENCE, 9.0), MessageTime(about(45.0))]


def test_defect_01_before_the_verdict_there_is_none() -> None:
    machine = VoicemailMachine()
    assert machine.verdict is None
    machine.observe(TalkBegan(0.1))
    assert machine.verdict is None


def test_own_words_can_tell() -> None:
    rules = VoicemailRules(who_says=lambda text: VOICEMAIL if "Nachricht" in text else None)
    call = Answer(rules)
    call.talk(1.0)
    assert call.said("Bitte hinterlassen Sie eine Nachricht.") == [verdict(VOICEMAIL, Clue.WORDS, 1.0)]


@pytest.mark.parametrize(
    "rules",
    [
        {"clear": 0},
        {"clear": 2.0},
        {"ask_after": 1.6},
        {"model": 1.0},
        {"short": 0},
        {"endless": 3.0},
        {"longest": 5.0},
        {"no_voice": 21.0},
        {"message_after": 0},
        {"longest_greeting": 19.0},
    ],
)
def test_times_out_of_order_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="VoicemailRules needs"):
        VoicemailRules(**rules)  # pyright: ignore[reportArgumentType]


MAKERS: dict[str, Callable[[float], AnswerObservation]] = {
    "talk": TalkBegan,
    "quiet": TalkEnded,
    "tone": BeepLikely,
    "beep": Beep,
    "words": lambda at: SaidSoFar("well then", at),
    "greeting": lambda at: SaidSoFar("Hello?", at),
    "model": lambda at: Judged(HUMAN, at),
    "unsure": lambda at: Judged(UNCERTAIN, at),
    "time": LinePassed,
}


@given(st.booleans(), st.lists(st.tuples(st.sampled_from(sorted(MAKERS)), st.floats(0.01, 5)), max_size=25))
def test_there_is_one_verdict_in_bounded_time_whatever_happens(
    has_model: bool, steps: list[tuple[str, float]]
) -> None:
    call = Answer(has_model=has_model)
    for what, later in steps:
        call.silence(later)
        call.tell(MAKERS[what](call.at))
        deadline = call.machine.deadline
        assert deadline is None or deadline >= call.at - 1e-6
    call.silence(max(0.0, 46.0 - call.at))
    verdicts = [decision for decision in call.decisions if isinstance(decision, Verdict)]
    messages = [decision for decision in call.decisions if isinstance(decision, MessageTime)]
    assert len(verdicts) == 1
    assert verdicts[0].at <= 20.0 + 1e-6
    assert len(messages) == (verdicts[0].answered_by is VOICEMAIL)
    assert call.machine.verdict == verdicts[0]
    assert call.machine.deadline is None


def test_words_of_a_person_count_though_no_voice_was_heard() -> None:
    """A word that begins with the line itself is the first thing there is: it may pass for its noise."""
    call = Answer()
    call.silence(0.8)
    assert call.said("Hello?") == []
    assert call.silence(1.1) == []
    assert call.silence(0.1) == [verdict(HUMAN, Clue.WORDS, 2.0)]


def test_words_of_nobody_in_particular_count_only_with_a_voice() -> None:
    """A recogniser makes words of ringing, too."""
    call = Answer()
    call.silence(0.8)
    assert call.said("Thank you.") == []
    assert call.silence(9.1) == []
    assert call.silence(0.1) == [verdict(UNCERTAIN, Clue.DEADLINE, 10.0)]
