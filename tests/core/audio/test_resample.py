"""Resampling keeps what can be heard at the new rate, removes what would alias, and never adds a seam."""

from itertools import pairwise, permutations
from math import ceil

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.resample import Resampler, resample

RATES = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)
PAIRS = list(permutations(RATES, 2))
DOWN = [(source, target) for source, target in PAIRS if source > 1.2 * target]
UP = [(source, target) for source, target in PAIRS if target > 1.2 * source]


def tone(frequency: float, rate: int, *, seconds: float = 0.5, level: float = 0.5) -> PcmData:
    at = np.arange(round(seconds * rate)) / rate
    return PcmData((level * np.sin(2 * np.pi * frequency * at)).astype(np.float32), rate)


def noise(count: int, rate: int, seed: int = 1) -> PcmData:
    return PcmData(np.random.default_rng(seed).integers(-9000, 9000, count).astype(np.int16), rate)


def level_db(samples: npt.NDArray[np.generic], reference: float = 0.5) -> float:
    settled = np.asarray(samples, np.float64)[len(samples) // 5 :]
    return float(20 * np.log10(np.sqrt(2 * np.mean(settled**2)) / reference + 1e-12))


def through(source: int, target: int, frequency: float) -> float:
    return level_db(Resampler(source, target).process(tone(frequency, source)).samples)


@pytest.mark.parametrize(("source", "target"), DOWN)
def test_tones_that_would_alias_are_60_db_down(source: int, target: int) -> None:
    frequencies = np.linspace(1.125 * target / 2, 0.999 * source / 2, 25)

    assert max(through(source, target, f) for f in frequencies) <= -60


def test_what_48_khz_holds_from_9_khz_on_does_not_reach_16_khz() -> None:
    assert max(through(48_000, 16_000, f) for f in np.linspace(9000, 23_990, 100)) <= -65


@pytest.mark.parametrize(("source", "target"), UP)
def test_no_image_of_a_tone_appears_above_the_old_band(source: int, target: int) -> None:
    result = Resampler(source, target).process(tone(0.8 * source / 2, source, seconds=1.1)).samples[-target:]
    spectrum = np.abs(np.fft.rfft(result * np.blackman(target)))

    images = spectrum[round(1.125 * source / 2) :]
    assert 20 * np.log10(images.max() / spectrum.max()) <= -60


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_pass_band_is_flat(source: int, target: int) -> None:
    nyquist = min(source, target) / 2

    levels = [through(source, target, f) for f in np.linspace(60, 0.85 * nyquist, 12)]

    assert max(map(abs, levels)) <= 0.5


def test_speech_up_to_7_khz_is_whole_at_16_khz() -> None:
    assert max(abs(through(48_000, 16_000, f)) for f in np.linspace(50, 7000, 30)) <= 0.5


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_delay_is_what_it_says_and_at_most_1_5_ms(source: int, target: int) -> None:
    resampler = Resampler(source, target)
    frequency = 200.0

    result = resampler.process(tone(frequency, source)).samples

    at = len(result) - target // 5 + np.arange(target // 5)  # the last 40 periods
    angles = 2 * np.pi * frequency * at / target
    phase = np.angle(np.sum(result[at] * np.exp(-1j * angles))) + np.pi / 2
    assert resampler.delay <= 0.0015
    assert -phase / (2 * np.pi * frequency) % (1 / frequency) == pytest.approx(resampler.delay, abs=2e-6)


def test_the_usual_way_in_has_less_than_a_millisecond_of_delay() -> None:
    assert Resampler(48_000, 16_000).delay < 0.001


@settings(max_examples=60, deadline=None)
@given(
    rates=st.sampled_from(
        [(48_000, 16_000), (16_000, 48_000), (44_100, 16_000), (11_025, 8000), (16_000, 16_001)]
    ),
    cuts=st.lists(st.integers(0, 5000), max_size=12),
)
def test_pieces_sound_like_the_whole(rates: tuple[int, int], cuts: list[int]) -> None:
    source, target = rates
    pcm = noise(5000, source)
    borders = [0, *sorted(cuts), len(pcm)]

    whole = Resampler(source, target).process(pcm)
    resampler = Resampler(source, target)
    pieces = [resampler.process(PcmData(pcm.samples[begin:end], source)) for begin, end in pairwise(borders)]

    joined = np.concatenate([piece.samples for piece in pieces])
    assert len(joined) == len(whole) == ceil(5000 * target / source)
    assert np.abs(joined.astype(int) - whole.samples.astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("source", "target"), [(48_000, 16_000), (8000, 48_000), (24_000, 48_000), (44_100, 16_000)]
)
def test_a_20_ms_frame_gives_a_20_ms_frame_every_time(source: int, target: int) -> None:
    resampler = Resampler(source, target)

    assert {len(resampler.process(noise(source // 50, source))) for _ in range(60)} == {target // 50}


def test_flush_gives_the_end_of_the_sound_and_forgets_it() -> None:
    resampler = Resampler(48_000, 16_000)
    click = np.zeros(960, np.int16)
    click[-1] = 30_000

    early = resampler.process(PcmData(click, 48_000))
    late = resampler.flush()

    assert np.abs(early.samples[:-20]).max() <= 1
    assert late.duration == pytest.approx(resampler.delay, abs=1 / 16_000)
    assert np.abs(late.samples).max() > 4000
    assert not resampler.process(PcmData(np.zeros(960, np.int16), 48_000)).samples.any()


def test_reset_forgets_the_past_and_the_place_between_two_samples() -> None:
    pcm = noise(961, 44_100)
    resampler = Resampler(44_100, 16_000)
    first = resampler.process(pcm)

    resampler.reset()

    np.testing.assert_array_equal(resampler.process(pcm).samples, first.samples)


@pytest.mark.parametrize(("source", "target"), [*PAIRS, (48_000, 16_001)])
def test_a_whole_recording_keeps_its_place_in_time(source: int, target: int) -> None:
    pcm = tone(440, source, seconds=0.4)

    result = resample(pcm, target)

    expected = tone(440, target, seconds=0.4).samples
    assert len(result) == round(len(pcm) * target / source)
    middle = slice(len(result) // 10, -len(result) // 10)
    np.testing.assert_allclose(result.samples[middle], expected[: len(result)][middle], atol=2e-3)


@pytest.mark.parametrize("length", [0, 1, 7, 44])
def test_a_recording_may_be_shorter_than_the_filter(length: int) -> None:
    assert len(resample(noise(length, 48_000), 16_000)) == round(length / 3)


def test_full_scale_is_clipped_and_not_wrapped_around() -> None:
    square = np.where(np.arange(4800) // 24 % 2, -32768, 32767).astype(np.int16)

    result = Resampler(48_000, 24_000).process(PcmData(square, 48_000)).samples

    assert result.max() == 32_767
    assert result.min() == -32_768
    steps = np.abs(np.diff(result[100:].astype(int)))
    assert steps.max() < 50_000


def test_int16_stays_int16_and_float32_stays_float32() -> None:
    pcm = noise(960, 48_000)

    as_int = Resampler(48_000, 16_000).process(pcm)
    as_float = Resampler(48_000, 16_000).process(pcm.to_float32())

    assert as_int.samples.dtype == np.int16
    assert as_float.samples.dtype == np.float32
    assert np.abs(as_float.to_int16().samples.astype(int) - as_int.samples).max() <= 1


def test_results_do_not_share_memory_with_the_next_piece() -> None:
    resampler = Resampler(48_000, 16_000)
    first = resampler.process(noise(960, 48_000))
    kept = first.samples.copy()

    resampler.process(noise(960, 48_000, seed=2))

    np.testing.assert_array_equal(first.samples, kept)


def test_stereo_is_mixed_to_mono() -> None:
    left, right = noise(960, 48_000, 3).samples, noise(960, 48_000, 4).samples
    stereo = PcmData(np.stack((left, right), axis=1), 48_000)

    result = Resampler(48_000, 16_000).process(stereo)

    np.testing.assert_array_equal(result.samples, Resampler(48_000, 16_000).process(stereo.to_mono()).samples)


def test_the_same_rate_hands_the_piece_through() -> None:
    pcm, resampler = noise(320, 16_000), Resampler(16_000, 16_000)

    assert resampler.process(pcm) is pcm
    assert resampler.delay == 0.0
    assert len(resampler.flush()) == 0
    assert resample(pcm, 16_000) is pcm


def test_a_piece_of_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 48000 Hz, not 16000 Hz"):
        Resampler(48_000, 16_000).process(noise(320, 16_000))


@pytest.mark.parametrize("rate", [0, -1, 3999, 384_001])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="4000 to 384000"):
        Resampler(48_000, rate)
