"""The listener that joins signal processing and the verdict: audio in, decisions out."""

import numpy as np
import pytest
from benchmarks.telephone_line.recordings import answers
from benchmarks.telephone_line.sounds import PROGRESS, progress, silence, tone

from vision_agents.core.agents.answering import AnswerListener
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.turns.answer_events import (
    AnswerDecision,
    AnsweredBy,
    AskModel,
    Clue,
    MessageTime,
    Verdict,
)

RATE = 8000
GREETING, HELLO = answers()[1].sound, answers()[20].sound


def hear(listener: AnswerListener, *parts: np.ndarray) -> list[AnswerDecision]:
    sound = np.concatenate(parts)
    frames = (PcmData(sound[at : at + 160], RATE) for at in range(0, len(sound), 160))
    return [decision for frame in frames for decision in listener.hear(frame)]


def test_a_person_is_told_within_a_second_and_a_half_of_their_last_word() -> None:
    listener = AnswerListener()
    (verdict,) = hear(listener, silence(1.0), HELLO, silence(3.0))
    assert isinstance(verdict, Verdict)
    assert verdict.answered_by is AnsweredBy.HUMAN
    assert verdict.at == pytest.approx(1.0 + len(HELLO) / RATE + 1.2, abs=0.1)
    assert listener.deadline is None
    assert listener.position == pytest.approx(4.0 + len(HELLO) / RATE, abs=0.01)


def test_a_beep_decides_and_is_when_the_message_begins() -> None:
    decisions = hear(AnswerListener(), HELLO, silence(0.5), tone((1000.0,), 0.4), silence(1.0))
    assert [type(decision) for decision in decisions] == [Verdict, MessageTime]
    assert isinstance(decisions[0], Verdict)
    assert decisions[0].by is Clue.BEEP


@pytest.mark.parametrize("name", PROGRESS)
def test_ringing_before_the_answer_is_nobody(name: str) -> None:
    assert hear(AnswerListener(), progress(name, 8.0)) == []


def test_the_model_is_asked_about_the_words_and_its_answer_counts() -> None:
    listener = AnswerListener(has_model=True)
    assert hear(listener, GREETING) == []
    listener.understand("This is Peter, I am at the lake")
    asked = hear(listener, silence(0.6))
    assert [type(decision) for decision in asked] == [AskModel]
    (verdict,) = listener.judge(AnsweredBy.HUMAN)
    assert isinstance(verdict, Verdict)
    assert verdict.by is Clue.MODEL


def test_a_line_that_dies_opens_the_gate_too() -> None:
    listener = AnswerListener()
    hear(listener, silence(0.5))
    assert listener.deadline == pytest.approx(10.0)
    assert listener.wait(9.0) == []
    (verdict,) = listener.wait(1.0)
    assert isinstance(verdict, Verdict)
    assert verdict.answered_by is AnsweredBy.UNCERTAIN


def test_a_line_that_dies_after_a_word_was_answered_by_a_person() -> None:
    listener = AnswerListener()
    hear(listener, HELLO)
    (verdict,) = listener.wait(5.0)
    assert isinstance(verdict, Verdict)
    assert verdict.answered_by is AnsweredBy.HUMAN
