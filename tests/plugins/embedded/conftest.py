"""The real models on small recordings; missing weights are fetched into the normal cache."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.plugins.embedded.engines.hibari import HibariVoice
from vision_agents.plugins.embedded.engines.moonshine import Moonshine
from vision_agents.plugins.embedded.engines.silero import Silero
from vision_agents.plugins.embedded.engines.smart_turn import SmartTurn
from vision_agents.plugins.embedded.weights.store import obtain

Recording = Callable[[str], npt.NDArray[np.float32]]

_AUDIO = Path(__file__).parents[2] / "audio"


@pytest.fixture(scope="session")
def recording() -> Recording:
    """Read a recording, float32 at 16 kHz: ``"paris_hibari"`` is a question in one of three voices."""

    def read(name: str) -> npt.NDArray[np.float32]:
        with wave.open(str(_AUDIO / f"{name}.wav")) as file:
            assert file.getframerate() == 16_000
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return np.divide(samples, 32768, dtype=np.float32)

    return read


@pytest.fixture(scope="session")
def silero() -> Silero:
    return Silero.load(obtain("silero-vad")["model"])


@pytest.fixture(scope="session")
def smart_turn() -> SmartTurn:
    return SmartTurn.load(obtain("smart-turn")["model"])


@pytest.fixture(scope="session")
def moonshine() -> Moonshine:
    return Moonshine.load(obtain("moonshine-tiny-en"))


@pytest.fixture(scope="session")
def hibari() -> HibariVoice:
    return HibariVoice.load()


@pytest.fixture(scope="session")
def music() -> npt.NDArray[np.float32]:
    """Ten seconds of a plucked melody."""
    time = np.arange(160_000) / 16_000
    sound = np.zeros_like(time)
    for number, pitch in enumerate([262, 330, 392, 523, 392, 330] * 6):
        since = time - number * 0.25
        decay = np.where((since >= 0) & (since < 1), np.exp(-3 * since), 0)
        sound += decay * sum(np.sin(2 * np.pi * pitch * k * since) / k for k in (1, 2, 3, 4))
    return (0.15 * sound).astype(np.float32)
