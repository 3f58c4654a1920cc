"""Keys are heard once each, whatever the line does to them."""

import numpy as np
import pytest
from benchmarks.telephone_line.recordings import speech
from benchmarks.telephone_line.sounds import PROGRESS, lossy, noise, progress, silence, tone

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import resample
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DigitEnded, DtmfDecoder, Keying
from vision_agents.core.telephony.dtmf_tones import DtmfSound, dtmf_tones
from vision_agents.core.telephony.keypad import KEYS, tones_of

RATE = 8000
EVERY_KEY_TWICE = "".join(key * 2 for key in KEYS)


def decode(sound: np.ndarray, *, sample_rate: int = RATE, piece: int | None = None) -> list[Keying]:
    decoder, step = DtmfDecoder(), piece or len(sound)
    events: list[Keying] = []
    for at in range(0, len(sound), step):
        events += decoder.push(PcmData(sound[at : at + step], sample_rate))
    return [*events, *decoder.skip(0.5)]


def pressed(events: list[Keying]) -> str:
    return "".join(event.digit for event in events if isinstance(event, DigitBegan))


def key_sound(digits: str, **sound: float) -> np.ndarray:
    return np.asarray(dtmf_tones(digits, RATE, DtmfSound(**sound)).to_float32().samples)


def off_key(key: str, low: float, high: float, twist_db: float = 0.0) -> np.ndarray:
    """A key whose tones are off their frequencies by these shares, five times."""
    at = np.arange(800) / RATE
    low_hz, high_hz = tones_of(key)
    both = np.sin(2 * np.pi * low_hz * (1 + low) * at)
    both += 10 ** (twist_db / 20) * np.sin(2 * np.pi * high_hz * (1 + high) * at)
    return np.tile(np.concatenate((0.1 * both, silence(0.1))), 5).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 44_100, 48_000])
def test_every_key_is_heard_at_every_rate_in_frames_of_20_ms(sample_rate: int) -> None:
    sound = dtmf_tones(EVERY_KEY_TWICE, sample_rate)
    assert pressed(decode(sound.samples, sample_rate=sample_rate, piece=sample_rate // 50)) == EVERY_KEY_TWICE


def test_pieces_of_any_length_tell_the_same() -> None:
    line = lossy(key_sound("1234567890*#ABCD") + speech()[: 3200 * 8], 0.05, 3)
    assert decode(line, piece=160) == decode(line) == decode(line, piece=77)


def test_times_are_those_of_the_key() -> None:
    line = np.concatenate((silence(1.0), key_sound("7", tone=0.3), silence(0.5)))
    began, ended = decode(line, piece=160)
    assert isinstance(began, DigitBegan)
    assert isinstance(ended, DigitEnded)
    assert began.at == pytest.approx(1.0, abs=0.03)
    assert ended.at == pytest.approx(1.3, abs=0.03)


def test_a_key_is_told_before_it_is_let_go() -> None:
    decoder, line = DtmfDecoder(), key_sound("7", tone=0.4)
    assert pressed(decoder.push(PcmData(line[:1600], RATE))) == "7"


def test_a_key_that_is_held_is_one_key() -> None:
    assert pressed(decode(key_sound("5", tone=8.0))) == "5"


@pytest.mark.parametrize("seed", range(5))
def test_lost_frames_do_not_double_a_key_that_is_held(seed: int) -> None:
    line = np.concatenate([key_sound("5", tone=1.0)] * 10)
    assert pressed(decode(lossy(line, 0.03, seed))) == "5" * 10


@pytest.mark.parametrize("start", range(3000, 3160, 20))
def test_two_frames_lost_in_a_row_do_not_double_a_key_that_is_held(start: int) -> None:
    line = key_sound("5", tone=1.0)
    line[start : start + 320] = 0
    assert pressed(decode(line)) == "5"


@pytest.mark.parametrize("length", [0.05, 0.07, 0.2])
def test_short_and_long_tones_are_heard(length: float) -> None:
    heard = pressed(decode(key_sound("147*2580369#" * 4, tone=length, gap=max(length, 0.065))))
    assert heard == "147*2580369#" * 4


@pytest.mark.parametrize("share", [-0.015, 0.01, 0.015])
def test_tones_that_stand_alone_may_be_a_little_off(share: float) -> None:
    for key in "159D":
        assert pressed(decode(off_key(key, share, -share))) == key * 5


@pytest.mark.parametrize("share", [-0.035, 0.035])
def test_tones_that_are_far_off_are_no_key(share: float) -> None:
    for key in "159D":
        assert pressed(decode(off_key(key, share, share))) == ""
        assert pressed(decode(off_key(key, share, 0))) == ""


@pytest.mark.parametrize("twist_db", [-8, 8])
def test_uneven_tones_are_heard(twist_db: float) -> None:
    assert pressed(decode(off_key("8", 0, 0, twist_db))) == "88888"


@pytest.mark.parametrize("twist_db", [-20, 20])
def test_one_tone_with_a_trace_of_another_is_no_key(twist_db: float) -> None:
    assert pressed(decode(off_key("8", 0, 0, twist_db))) == ""


def test_keys_are_heard_in_noise_of_their_own_power() -> None:
    line = key_sound(EVERY_KEY_TWICE)
    power = float(np.mean(line**2)) * 2  # half of it is gaps
    assert pressed(decode(line + noise(len(line), 10 * np.log10(power)))) == EVERY_KEY_TWICE


def test_the_tones_of_a_line_and_single_tones_are_no_keys() -> None:
    dial = tone((350, 440), 3.0)
    singles = [np.concatenate((tone((f,), 0.5), silence(0.2))) for f in (697, 770, 941, 1000, 1209, 1633)]
    steady = [tone((low, high), 0.5) for low, high in ((697, 770), (941, 1100), (600, 1209))]
    for sound in (dial, *singles, *steady, *(progress(name, 10) for name in PROGRESS)):
        assert decode(sound) == []


def test_what_did_not_come_ends_a_key_and_time_goes_on() -> None:
    decoder = DtmfDecoder()
    events = decoder.push(PcmData(key_sound("4", tone=0.5, gap=0.04)[:4000], RATE))
    events += decoder.skip(30.0)
    events += decoder.push(PcmData(np.concatenate((key_sound("4"), silence(0.2))), RATE))
    assert [type(event) for event in events] == [DigitBegan, DigitEnded, DigitBegan, DigitEnded]
    assert events[1].at == pytest.approx(0.5, abs=0.04)
    assert events[2].at == pytest.approx(30.5, abs=0.04)


def test_stereo_and_16_bit_are_heard() -> None:
    sound = resample(dtmf_tones("42", RATE), 48_000).to_stereo()
    assert pressed([*DtmfDecoder().push(sound)]) == "42"
