"""Log-mel features: known values, known places, known range."""

import numpy as np
import pytest

from vision_agents.plugins.embedded.engines.mel import BANDS, log_mel


def tone(hertz: float, *, loudness: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (loudness * np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000)).astype(np.float32)


def test_a_frame_every_ten_milliseconds() -> None:
    features = log_mel(tone(440))
    assert features.shape == (BANDS, 100)
    assert features.dtype == np.float32


def test_silence_lies_at_the_floor() -> None:
    np.testing.assert_allclose(log_mel(np.zeros(1600, np.float32)), -1.5, rtol=1e-6)


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1000, 26), (4000, 62)])
def test_a_tone_is_loudest_in_its_own_band(hertz: float, band: int) -> None:
    assert set(log_mel(tone(hertz))[:, 10:-10].argmax(axis=0)) == {band}


def test_ten_times_louder_is_half_a_unit_more_and_nothing_is_two_units_below_the_loudest() -> None:
    soft, loud = log_mel(tone(1000, loudness=0.05)), log_mel(tone(1000, loudness=0.5))
    assert loud.max() - soft.max() == pytest.approx(0.5, abs=1e-3)
    assert loud.max() - loud.min() == pytest.approx(2.0, abs=1e-3)


def test_values_are_those_of_whispers_own_features() -> None:
    time = np.arange(128_000) / 16_000
    chirp = 0.5 * np.sin(2 * np.pi * (100 * time + 450 * time**2)) * (0.2 + 0.8 * (time % 1))
    features = log_mel(chirp.astype(np.float32))
    known = {(0, 0): 1.04, (10, 50): 0.2739, (40, 300): 0.4756, (60, 500): 0.4767, (26, 150): -0.5485}
    assert {place: pytest.approx(features[place], abs=1e-3) for place in known} == known
    assert features.mean() == pytest.approx(-0.4676, abs=1e-3)
