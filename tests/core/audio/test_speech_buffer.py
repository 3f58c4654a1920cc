"""The buffer holds a stretch of speech, with a little from before it was noticed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import Samples
from vision_agents.core.audio.speech_buffer import SpeechBuffer

RATE = 1000


def buffer() -> SpeechBuffer:
    return SpeechBuffer(RATE, pre_roll=0.5, limit=3.0)


def ramp(start: int, count: int) -> Samples:
    return np.arange(start, start + count, dtype=np.int16)


def push(held: SpeechBuffer, start: int, count: int, *, piece: int = 20) -> None:
    for at in range(start, start + count, piece):
        held.push(ramp(at, min(piece, start + count - at)))


def test_it_begins_empty() -> None:
    pcm = buffer().read()
    assert (len(pcm), pcm.sample_rate, pcm.format) == (0, RATE, "s16")


def test_closed_it_keeps_the_pre_roll() -> None:
    held = buffer()
    push(held, 0, 2000)
    np.testing.assert_array_equal(held.read().samples, ramp(1500, 500))


def test_open_it_keeps_the_pre_roll_and_all_that_follows() -> None:
    held = buffer()
    push(held, 0, 2000)
    held.open()
    push(held, 2000, 1000)
    np.testing.assert_array_equal(held.read().samples, ramp(1500, 1500))
    assert held.is_open


def test_beyond_its_limit_the_oldest_goes() -> None:
    held = buffer()
    held.open()
    push(held, 0, 10_000)
    np.testing.assert_array_equal(held.read().samples, ramp(7000, 3000))


def test_restarted_it_keeps_the_pre_roll_and_stays_open() -> None:
    held = buffer()
    held.open()
    push(held, 0, 2000)
    held.restart()
    push(held, 2000, 1000)
    np.testing.assert_array_equal(held.read().samples, ramp(1500, 1500))


def test_closing_leaves_the_silence_at_the_end_and_goes_back_to_the_pre_roll() -> None:
    held = buffer()
    held.open()
    push(held, 0, 2000, piece=10)
    held.close()
    assert not held.is_open
    np.testing.assert_array_equal(held.read().samples, ramp(1850, 150))
    push(held, 2000, 1000)
    np.testing.assert_array_equal(held.read().samples, ramp(2500, 500))


def test_without_a_pre_roll_nothing_is_kept() -> None:
    held = SpeechBuffer(RATE, pre_roll=0.0, limit=1.0)
    push(held, 0, 500)
    assert len(held.read()) == 0


def test_reading_takes_nothing_away() -> None:
    held = buffer()
    held.open()
    push(held, 0, 700)
    assert len(held.read()) == len(held.read()) == 700


def test_a_piece_longer_than_everything_is_kept_whole() -> None:
    held = buffer()
    held.push(ramp(0, 5000))
    assert len(held.read()) == 5000
    held.push(ramp(5000, 500))
    assert len(held.read()) == 500


@given(st.lists(st.one_of(st.integers(0, 400), st.sampled_from(["open", "close"])), max_size=40))
def test_it_holds_the_newest_audio_without_a_gap(actions: list[int | str]) -> None:
    held, sent, promised, longest = buffer(), 0, 0, 0
    for action in actions:
        if action == "open":
            held.open()
        elif action == "close":
            held.close()
            promised = min(promised, 150)
        elif isinstance(action, int):
            held.push(ramp(sent, action))
            sent, longest = sent + action, max(longest, action)
            promised = min(promised + action, 3000 if held.is_open else 500)
    samples = held.read().samples
    np.testing.assert_array_equal(samples, ramp(sent - len(samples), len(samples)))
    assert promised <= len(samples) <= (3000 if held.is_open else 500) + longest


@pytest.mark.parametrize("piece", [1, 7, 480])
def test_the_pre_roll_is_whole_whatever_the_pieces(piece: int) -> None:
    held = buffer()
    push(held, 0, 3000, piece=piece)
    assert 500 <= len(held.read()) < 500 + piece
