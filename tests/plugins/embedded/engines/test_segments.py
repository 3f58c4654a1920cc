"""Long speech is cut where it is quietest, and always at the same places."""

import numpy as np
import pytest

from vision_agents.plugins.embedded.engines.segments import split_at_quietest

RATE = 1000


def speech(*pauses: float, length: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Noise of `length` seconds with 0.2 s of silence around each second of `pauses`."""
    samples = np.random.default_rng(0).standard_normal(int(length * RATE)).astype(np.float32)
    for pause in pauses:
        samples[int((pause - 0.1) * RATE) : int((pause + 0.1) * RATE)] = 0
    return samples


def test_what_is_short_enough_stays_whole() -> None:
    samples = speech(7, length=15)
    assert [len(piece) for piece in split_at_quietest(samples, sample_rate=RATE)] == [len(samples)]


def test_cuts_lie_in_the_pauses_and_nothing_is_lost() -> None:
    samples = speech(3, 12, 13.5, 25, length=32)
    samples[11_800:12_200] += 0.01
    pieces = split_at_quietest(samples, sample_rate=RATE)
    np.testing.assert_array_equal(np.concatenate(pieces), samples)
    first, second, _ = np.cumsum([len(piece) for piece in pieces]) / RATE
    assert first == pytest.approx(13.5, abs=0.1)
    assert second == pytest.approx(25, abs=0.1)


def test_speech_without_a_pause_is_cut_in_time() -> None:
    lengths = [len(piece) / RATE for piece in split_at_quietest(speech(length=100), sample_rate=RATE)]
    assert all(10 <= length <= 15 for length in lengths[:-1])
    assert lengths[-1] <= 15


def test_more_audio_does_not_move_the_cuts() -> None:
    samples = speech(11, 24, 36, length=60)
    whole = [len(piece) for piece in split_at_quietest(samples, sample_rate=RATE)]
    part = [len(piece) for piece in split_at_quietest(samples[:40_000], sample_rate=RATE)]
    assert part[:-1] == whole[: len(part) - 1]


def test_limits_that_leave_no_room_to_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="shortest_s < longest_s"):
        split_at_quietest(speech(length=1), sample_rate=RATE, longest_s=5, shortest_s=5)
