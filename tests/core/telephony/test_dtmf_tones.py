"""Keys as sound."""

import numpy as np
import pytest

from vision_agents.core.telephony.dtmf_tones import DtmfSound, dtmf_tones
from vision_agents.core.telephony.keypad import KEYS, keys_of, tones_of


def peaks(samples: np.ndarray, sample_rate: int) -> list[int]:
    """The two strongest frequencies, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), sample_rate))
    low, high = spectrum[:1050].argmax(), 1050 + spectrum[1050:3000].argmax()
    return [int(low), int(high)]


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 48_000])
def test_a_key_sounds_its_two_tones_for_100_ms_and_is_silent_for_100_ms(sample_rate: int) -> None:
    for key in KEYS:
        sound = dtmf_tones(key, sample_rate)
        tenth = sample_rate // 10
        assert len(sound) == 2 * tenth
        assert peaks(sound.samples[:tenth], sample_rate) == pytest.approx(tones_of(key), abs=1)
        assert not sound.samples[tenth:].any()


def test_keys_follow_each_other() -> None:
    both = dtmf_tones("5#", 8000).samples
    np.testing.assert_array_equal(both[:1600], dtmf_tones("5", 8000).samples)
    np.testing.assert_array_equal(both[1600:], dtmf_tones("#", 8000).samples)


def test_levels_and_lengths_are_as_asked_for() -> None:
    sound = dtmf_tones("1", 8000, DtmfSound(tone=0.2, gap=0.05, level_db=-20, twist_db=0))
    assert sound.duration == pytest.approx(0.25)
    middle = sound.to_float32().samples[400:1200]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.1, rel=0.02)  # two sines of -20 dB


def test_the_loudest_setting_does_not_clip() -> None:
    loud = np.abs(dtmf_tones("1", 16_000, DtmfSound(level_db=-6, twist_db=0)).samples.astype(int)).max()
    assert 30_000 < loud <= 32_768


def test_small_letters_are_keys_too() -> None:
    assert keys_of("a*d#") == "A*D#"


@pytest.mark.parametrize("text", ["", "12E", "1 2", "+1", "é"])
def test_other_characters_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="Digits must be") as refused:
        dtmf_tones(text, 8000)
    assert not text or text not in str(refused.value).replace("123A456B789C*0#D", "")


@pytest.mark.parametrize(
    "settings",
    [
        {"tone": 0.03},
        {"gap": 0.0},
        {"tone": 11.0},
        {"level_db": 0.0},
        {"twist_db": 6.0},
        {"level_db": -6.0, "twist_db": 4.0},
    ],
)
def test_sound_that_nobody_understands_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="DtmfSound needs"):
        DtmfSound(**settings)
