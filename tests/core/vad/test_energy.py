"""The VAD of a few lines tells loud from quiet, and gets used to the noise of a room."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.vad.energy import EnergyVAD
from vision_agents.core.vad.vad import VADStream
from vision_agents.testing.tone_speech import speak

WINDOW = EnergyVAD.profile.window
RATE = EnergyVAD.profile.sample_rate
SECOND = RATE // WINDOW

Wave = npt.NDArray[np.float32]


def silence(windows: int) -> Wave:
    return np.zeros(windows * WINDOW, np.float32)


def noise(windows: int, level_db: float) -> Wave:
    rng = np.random.default_rng(7)
    return (rng.standard_normal(windows * WINDOW) * 10 ** (level_db / 20)).astype(np.float32)


def tone(windows: int, level_db: float) -> Wave:
    at = np.arange(windows * WINDOW) / RATE
    return (np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


def hear(stream: VADStream, wave: Wave) -> npt.NDArray[np.float64]:
    return np.array([stream.process(window) for window in wave.reshape(-1, WINDOW)])


def test_silence_is_no_speech() -> None:
    assert hear(EnergyVAD().open(), silence(100)).max() < 0.01


def test_quiet_noise_is_no_speech() -> None:
    assert hear(EnergyVAD().open(), noise(100, -65)).max() < 0.1


def test_a_tone_is_heard_from_its_first_window_to_its_last() -> None:
    heard = hear(EnergyVAD().open(), np.concatenate([silence(20), tone(30, -25), silence(20)]))
    assert (heard[20:50] > 0.9).all()
    assert heard[:20].max() < 0.1
    assert heard[50:].max() < 0.1


def test_a_steady_noise_is_got_used_to() -> None:
    stream = EnergyVAD().open()
    heard = hear(stream, noise(12 * SECOND, -45))
    assert heard[0] > 0.5
    assert heard[-SECOND:].max() < 0.35
    assert (hear(stream, tone(20, -25)) > 0.9).all()


def test_a_room_that_grows_louder_slowly_is_never_speech() -> None:
    stream = EnergyVAD().open()
    levels = np.arange(-75, -30, 0.02)
    heard = np.concatenate([hear(stream, noise(1, float(level))) for level in levels])
    assert heard.max() < 0.35


def test_after_the_noise_a_quiet_voice_is_heard_at_once() -> None:
    stream = EnergyVAD().open()
    hear(stream, noise(20 * SECOND, -40))
    assert hear(stream, tone(5, -35)).max() < 0.5
    hear(stream, silence(1))
    assert hear(stream, tone(5, -35)).min() > 0.5


def test_speech_with_its_gaps_does_not_raise_the_floor() -> None:
    stream = EnergyVAD().open()
    words = speak("one two three four " * 20).to_float32().samples.astype(np.float32)
    words = words[: len(words) // WINDOW * WINDOW]
    first = hear(stream, words)
    again = hear(stream, words)
    assert (first > 0.5).mean() == pytest.approx((again > 0.5).mean(), abs=0.02)
    assert (again > 0.5).mean() > 0.6


def test_a_reset_forgets_the_noise() -> None:
    stream = EnergyVAD().open()
    hear(stream, noise(20 * SECOND, -40))
    stream.reset()
    assert hear(stream, tone(5, -35)).min() > 0.5


def test_speakers_are_kept_apart() -> None:
    vad = EnergyVAD()
    hear(vad.open(), noise(20 * SECOND, -40))
    assert hear(vad.open(), tone(5, -35)).min() > 0.5


@given(st.lists(st.floats(-120, 0), min_size=1, max_size=30))
def test_a_probability_is_between_none_and_all(levels: list[float]) -> None:
    stream = EnergyVAD().open()
    heard = np.concatenate([hear(stream, tone(1, level)) for level in levels])
    assert ((heard >= 0) & (heard <= 1)).all()
