"""Sound keeps its length, its level and its channels through every conversion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData, SampleFormat

int16s = st.lists(st.integers(-32_768, 32_767), max_size=50)


def pcm(*samples: int) -> PcmData:
    return PcmData(np.array(samples, np.int16), 16_000)


def stereo(left: list[int], right: list[int]) -> PcmData:
    return PcmData(np.stack((np.array(left, np.int16), np.array(right, np.int16)), axis=1), 16_000)


@given(int16s)
def test_int16_survives_the_way_through_float32(samples: list[int]) -> None:
    assert pcm(*samples).to_float32().to_int16().samples.tolist() == samples


@given(int16s, st.sampled_from([1, 2]))
def test_bytes_survive_the_way_in_and_out(samples: list[int], channels: int) -> None:
    data = np.array(samples * channels, "<i2").tobytes()

    piece = PcmData.from_bytes(data, 16_000, channels=channels)

    assert (len(piece), piece.channels, piece.format) == (len(samples), channels, "s16")
    assert piece.to_bytes() == data


def test_float_bytes_are_read() -> None:
    piece = PcmData.from_bytes(np.array([0.5, -0.5], "<f4").tobytes(), 16_000, format="f32")

    assert piece.format == "f32"
    assert piece.to_int16().samples.tolist() == [16_384, -16_384]


def test_stereo_bytes_are_interleaved() -> None:
    piece = PcmData.from_bytes(b"\1\0\2\0\3\0\4\0", 8000, channels=2)

    assert piece.samples.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("data", "channels", "format"), [(b"123", 1, "s16"), (b"12", 2, "s16"), (b"12", 1, "f32")]
)
def test_part_of_a_frame_is_refused(data: bytes, channels: int, format: SampleFormat) -> None:
    with pytest.raises(ValueError, match=r"multiple|reshape"):
        PcmData.from_bytes(data, 16_000, channels=channels, format=format)


def test_too_loud_floats_are_clipped() -> None:
    loud = PcmData(np.array([1.0, 1.5, -1.0, -1.5, 0.99999], np.float32), 16_000)

    assert loud.to_int16().samples.tolist() == [32_767, 32_767, -32_768, -32_768, 32_767]


def test_mono_is_the_mean_of_the_channels() -> None:
    loud = stereo([32_767, 100, -3], [32_767, -100, -4])

    assert loud.to_mono().samples.tolist() == [32_767, 0, -4]
    assert loud.to_float32().to_mono().to_int16().samples.tolist()[:2] == [32_767, 0]


def test_stereo_has_the_same_on_both_sides() -> None:
    assert pcm(1, 2).to_stereo().samples.tolist() == [[1, 1], [2, 2]]


def test_what_needs_no_conversion_is_the_same_object() -> None:
    mono, both = pcm(1, 2), stereo([1], [2])

    assert mono.to_mono() is mono
    assert mono.to_int16() is mono
    assert both.to_stereo() is both
    floats = mono.to_float32()
    assert floats.to_float32() is floats


def test_silence_and_durations() -> None:
    silence = PcmData.silence(0.02, 44_100)

    assert (len(silence), silence.duration, silence.channels) == (882, 0.02, 1)
    assert not silence.samples.any()
    assert stereo([1] * 160, [2] * 160).duration == 0.01


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros(4, np.int16), 0, "sample_rate must be > 0"),
        (np.zeros(4, np.float64), 16_000, "int16 or float32"),
        (np.zeros((4, 3), np.int16), 16_000, "shape"),
        (np.zeros((2, 2, 2), np.int16), 16_000, "shape"),
    ],
)
def test_what_could_not_be_played_is_refused(samples: np.ndarray, rate: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PcmData(samples, rate)


def test_three_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be 1 or 2"):
        PcmData.from_bytes(b"\0" * 6, 16_000, channels=3)
