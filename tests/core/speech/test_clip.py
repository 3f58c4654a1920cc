"""Sounds behind the voices, measured sample by sample (session.md 1.8)."""

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.clip import Clip, Ducking

RATE = 48_000
FRAME = RATE // 50
FLAT = PcmData(np.full(RATE // 10, 10_000, np.int16), RATE)


def tone(rate: int, *, hertz: int = 400, seconds: float = 0.5, channels: int = 1) -> PcmData:
    """Whole periods: its end leads into its beginning."""
    wave = (10_000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.int16)
    return PcmData(wave if channels == 1 else np.stack((wave, wave), axis=1), rate)


def heard(clip: Clip, frames: int, *, under_voice: bool = False) -> npt.NDArray[np.float32]:
    parts = [clip.read(FRAME, under_voice=under_voice) for _ in range(frames)]
    return np.concatenate([part if part is not None else np.zeros(FRAME, np.float32) for part in parts])


def opened(pcm: PcmData, **settings: object) -> Clip:
    clip = Clip(pcm, RATE, **{"fade": 0.0, **settings})  # pyright: ignore[reportArgumentType]
    clip.open()
    return clip


def impurity(wave: npt.NDArray[np.float32], hertz: int) -> float:
    """The power of everything but one steady tone, in dB against it."""
    at = np.arange(len(wave)) / RATE
    basis = np.stack((np.sin(2 * np.pi * hertz * at), np.cos(2 * np.pi * hertz * at)), axis=1)
    fit = basis @ np.linalg.lstsq(basis, wave, rcond=None)[0]
    return float(10 * np.log10(np.mean((wave - fit) ** 2) / np.mean(fit**2)))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_b5_a_loop_is_one_tone_without_a_seam_at_every_rate(rate: int) -> None:
    clip = opened(tone(rate), looping=True)
    wave = heard(clip, 500)[FRAME:]  # 10 s: 20 times round
    assert impurity(wave, 400) < -60


def test_b5_a_seam_in_the_file_would_be_measured() -> None:
    clip = opened(tone(RATE, seconds=0.5012), looping=True)
    assert impurity(heard(clip, 500)[FRAME:], 400) > -40


def test_a_clip_ends_once_after_its_last_sample() -> None:
    clip, ends = opened(tone(44_100, seconds=0.5)), [0]

    def count() -> None:
        ends[0] += 1

    clip.on_over = count
    wave = heard(clip, 40)
    assert clip.over
    assert ends == [1]
    assert np.flatnonzero(np.abs(wave) > 100)[-1] == pytest.approx(0.5 * RATE, abs=100)
    assert clip.read(FRAME, under_voice=False) is None


def test_b9_it_fades_in_and_out_and_goes_on_where_it_was() -> None:
    clip = Clip(FLAT, RATE, looping=True, fade=0.1)
    assert clip.read(FRAME, under_voice=False) is None
    clip.open()
    coming = heard(clip, 10)
    assert coming[RATE // 20] == pytest.approx(5000, rel=0.01)
    assert np.all(np.diff(coming) >= -0.01)
    assert coming[RATE // 10 :] == pytest.approx(10_000, rel=0.001)
    clip.close()
    going = heard(clip, 5)
    assert going[RATE // 20] == pytest.approx(5000, rel=0.01)
    assert clip.read(FRAME, under_voice=False) is None
    assert not clip.over
    clip.open()
    clip.finish()
    assert clip.over


@pytest.mark.parametrize(
    ("depth", "attack", "release"), [(12.0, 0.1, 0.5), (20.0, 0.06, 0.2), (0.0, 0.1, 0.1)]
)
def test_b9_it_ducks_as_deep_and_as_fast_as_configured(depth: float, attack: float, release: float) -> None:
    ducking = Ducking(depth_db=depth, attack=attack, release=release)
    clip = opened(FLAT, looping=True, ducking=ducking)
    heard(clip, 5)
    down = heard(clip, 50, under_voice=True)
    low = 10_000 * 10 ** (-depth / 20)
    assert down[round(attack * RATE) :] == pytest.approx(low, rel=0.001)
    assert down[round(attack * RATE / 2)] == pytest.approx((10_000 + low) / 2, rel=0.01)
    up = heard(clip, 50)
    assert up[round(release * RATE) :] == pytest.approx(10_000, rel=0.001)
    assert up[round(release * RATE / 2)] == pytest.approx((10_000 + low) / 2, rel=0.01)


def test_volume() -> None:
    assert heard(opened(FLAT, volume=0.25, looping=True), 5)[-1] == pytest.approx(2500)


@pytest.mark.parametrize("wrong", [{"depth_db": -1}, {"depth_db": 61}, {"attack": 0}, {"release": 0}])
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Ducking needs"):
        Ducking(**wrong)
