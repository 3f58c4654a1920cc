"""The mixer adds up what its sources give, frame by frame."""

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.mixer import Mixer

RATE = 48_000
FRAME = RATE // 50


class Constant:
    """A source that gives one value for so many frames."""

    def __init__(self, value: int, frames: int = 1000) -> None:
        self.value = value
        self.frames = frames

    def read(self, count: int) -> npt.NDArray[np.int16] | None:
        self.frames -= 1
        return np.full(count, self.value, np.int16) if self.frames >= 0 else None


def mix(*sources: Constant) -> PcmData | None:
    mixer = Mixer(RATE)
    for source in sources:
        mixer.add(source)
    return mixer.pull()


def level(frame: PcmData | None) -> int:
    """The one value of a whole, correct frame."""
    assert frame is not None
    assert (len(frame), frame.sample_rate, frame.format, frame.channels) == (FRAME, RATE, "s16", 1)
    [value] = np.unique(frame.samples)
    return int(value)


def test_without_sources_there_is_nothing() -> None:
    assert mix() is None


def test_silent_sources_give_nothing() -> None:
    assert mix(Constant(1, 0), Constant(2, 0)) is None


def test_one_source_passes_unchanged() -> None:
    assert level(mix(Constant(-32768), Constant(5, 0))) == -32768


def test_sources_are_added() -> None:
    assert level(mix(Constant(100), Constant(20), Constant(-3))) == 117


def test_the_sum_is_clipped_not_wrapped() -> None:
    assert level(mix(Constant(30_000), Constant(30_000))) == 32_767
    assert level(mix(Constant(-30_000), Constant(-30_000), Constant(-1))) == -32_768


def test_a_source_that_pauses_leaves_the_others_alone() -> None:
    mixer = Mixer(RATE)
    mixer.add(Constant(7, 1))
    mixer.add(Constant(10, 2))
    assert [level(mixer.pull()), level(mixer.pull())] == [17, 10]
    assert mixer.pull() is None
