"""Voice activity on real speech, noise and music; many streams in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.plugins.embedded.engines.silero import WINDOW, Silero, SileroState

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording

VOICES = ["hibari", "espeak", "flite"]


def windows(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)


def follow(silero: Silero, samples: npt.NDArray[np.float32]) -> list[float]:
    state = SileroState()
    return [float(silero.step([state], window[None])[0]) for window in windows(samples)]


@pytest.mark.parametrize("voice", VOICES)
def test_speech_is_heard_and_the_silence_behind_it_too(
    silero: Silero, recording: Recording, voice: str
) -> None:
    heard = follow(silero, np.concatenate([recording(f"paris_{voice}"), np.zeros(8192, np.float32)]))
    speech, silence = heard[3:-22], heard[-8:]
    assert np.mean([probability > 0.5 for probability in speech]) > 0.85
    assert max(silence) < 0.1


def test_noise_silence_and_music_are_no_speech(silero: Silero, music: npt.NDArray[np.float32]) -> None:
    noise = np.random.default_rng(0).standard_normal(80_000).astype(np.float32)
    for sound in (np.zeros(80_000, np.float32), 0.1 * noise, 0.01 * noise, music):
        assert max(follow(silero, sound)) < 0.35


def test_streams_in_one_call_do_not_hear_one_another(silero: Silero, recording: Recording) -> None:
    shortest = min(len(recording(f"tokyo_{voice}")) for voice in VOICES)
    streams = [recording(f"tokyo_{voice}")[:shortest] for voice in VOICES]
    states = [SileroState() for _ in streams]
    together = [
        silero.step(states, np.stack(column))
        for column in zip(*(windows(stream) for stream in streams), strict=True)
    ]
    alone = [follow(silero, stream) for stream in streams]
    np.testing.assert_allclose(np.array(together).T, alone, atol=1e-3)


def test_the_end_of_the_window_before_is_heard_with_the_next(silero: Silero, recording: Recording) -> None:
    first, second = windows(recording("paris_hibari"))[10:12]
    state, other = SileroState(), SileroState()
    silero.step([state], first[None])
    silero.step([other], first[None])
    other.context = np.zeros_like(other.context)
    assert silero.step([state], second[None]) != silero.step([other], second[None])
