"""The promises about a telephone line, measured; docs/telephony.md shows the figures."""

import pytest
from benchmarks.telephone_line import measures
from benchmarks.telephone_line.recordings import answers, speech
from benchmarks.telephone_line.sounds import music


def test_keys_beneath_speech_with_lost_frames_are_decoded() -> None:
    score = measures.keys_over_speech(500)
    assert score.decoded >= 495
    assert score.doubled == 0


def test_ten_minutes_of_speech_hold_no_key() -> None:
    assert len(speech()) >= 600 * 8000
    assert measures.keys_heard(speech()) == []


def test_music_holds_no_key() -> None:
    assert measures.keys_heard(music(120)) == []


def test_every_beep_after_a_greeting_is_found() -> None:
    assert measures.beeps_found(50) == 50


def test_speech_music_and_the_tones_of_a_line_hold_no_beep() -> None:
    assert {name: count for name, count in measures.false_beeps().items() if count} == {}


@pytest.mark.parametrize("words", [False, True], ids=["by sound alone", "with words"])
def test_machines_and_people_are_told_apart(words: bool) -> None:
    calls = measures.judge_all(words=words)
    people = [call for call in calls if not call.answer.is_machine]
    assert (len(answers()), len(people)) == (40, 20)
    assert sum(call.right for call in calls) >= 38
    assert max(call.wait for call in people if call.right) < 2.5
    assert all(call.verdict is not None for call in calls)


def test_a_message_is_left_after_the_greeting_and_its_beep() -> None:
    for call in measures.judge_all(words=True):
        if call.right and call.answer.is_machine:
            assert call.message_at is not None
            assert call.message_at > call.ended + (0.4 if call.answer.beeps else 1.9)


@pytest.mark.slow
def test_thousands_of_keys_beneath_speech_are_decoded() -> None:
    scores = [measures.keys_over_speech(2900, seed=seed) for seed in range(6)]
    assert sum(score.decoded for score in scores) >= 0.99 * 6 * 2900
    assert sum(score.doubled for score in scores) <= 6


@pytest.mark.slow
def test_noise_does_not_change_who_is_taken_for_a_person() -> None:
    for noise_db in (-45.0, -38.0):
        assert sum(call.right for call in measures.judge_all(words=True, noise_db=noise_db)) >= 38
