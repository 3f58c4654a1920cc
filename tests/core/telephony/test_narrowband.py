"""Streams of any rate become overlapping windows at 8 kHz."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.telephony.narrowband import RATE, STEP, Floats, NarrowbandWindows

SIZE = 640


def ramp(count: int) -> np.ndarray:
    return (np.arange(count) / 100_000).astype(np.float32)


def test_a_window_comes_every_10_ms_and_ends_where_it_says() -> None:
    windows = NarrowbandWindows(SIZE).push(PcmData(ramp(800), RATE))
    assert windows.samples.shape == (10, SIZE)
    assert windows.end == pytest.approx(0.01)
    np.testing.assert_array_equal(windows.samples[9], ramp(800)[160:])
    np.testing.assert_array_equal(windows.samples[0][-STEP:], ramp(80))
    assert not windows.samples[0][:-STEP].any()


@given(st.lists(st.integers(0, 500), max_size=20))
def test_pieces_of_any_length_give_the_same_windows(pieces: list[int]) -> None:
    sound = ramp(sum(pieces))
    whole = NarrowbandWindows(SIZE).push(PcmData(sound, RATE)).samples
    stream, at = NarrowbandWindows(SIZE), 0
    rows: list[Floats] = []
    for piece in pieces:
        windows = stream.push(PcmData(sound[at : at + piece], RATE))
        assert windows.end == pytest.approx((len(rows) + 1) * 0.01)
        rows += list(windows.samples)
        at += piece
    assert len(rows) == len(whole)
    if rows:
        np.testing.assert_array_equal(np.array(rows), whole)


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 24_000, 44_100, 48_000])
def test_every_rate_and_format_is_heard(sample_rate: int) -> None:
    at = np.arange(sample_rate) / sample_rate
    sine = (8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    pcm = PcmData(np.stack((sine, sine), axis=1), sample_rate)
    windows = NarrowbandWindows(SIZE).push(pcm)
    assert len(windows.samples) == 100
    spectrum = np.abs(np.fft.rfft(windows.samples[50] * np.hanning(SIZE)))
    assert spectrum.argmax() * RATE / SIZE == pytest.approx(440, abs=13)


def test_time_goes_on_when_the_rate_changes() -> None:
    stream = NarrowbandWindows(SIZE)
    stream.push(PcmData.silence(1.0, 48_000))
    assert stream.push(PcmData.silence(1.0, 8000)).end == pytest.approx(1.01)


@pytest.mark.parametrize("gap", [0.02, 0.155, 3.0, 7200.0])
def test_silence_that_did_not_come_passes_too(gap: float) -> None:
    stream = NarrowbandWindows(SIZE)
    stream.push(PcmData(ramp(800), RATE))
    skipped = stream.skip(gap)
    after = stream.push(PcmData(np.ones(80, np.float32), RATE))
    assert len(skipped.samples) <= 101
    assert after.end_of(len(after.samples) - 1) == pytest.approx(0.11 + gap, abs=0.01)
    if gap > 0.1:
        assert 40 <= np.count_nonzero(after.samples[-1]) <= 80
