"""The mixer adds up what its sources give, frame by frame."""

import numpy as np
import numpy.typing as npt

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.clip import Clip, Ducking
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


def a_clip(value: int, *, recorded: bool = False) -> Clip:
    """A steady sound behind the voices, ducked to a tenth."""
    pcm = PcmData(np.full(FRAME, value, np.int16), RATE)
    ducking = Ducking(depth_db=20, attack=1e-6, release=1e-6)
    clip = Clip(pcm, RATE, looping=True, fade=0, ducking=ducking, recorded=recorded)
    clip.open()
    return clip


def test_b9_a_sound_plays_behind_a_voice_and_alone_after_it() -> None:
    mixer = Mixer(RATE)
    mixer.add(Constant(1000, frames=2))
    mixer.add_behind(a_clip(500))
    mixer.pull()
    assert level(mixer.pull()) == 1050
    assert mixer.since_voice == 0
    mixer.pull()
    assert level(mixer.pull()) == 500
    assert mixer.since_voice == 0.04


def test_b7_what_only_plays_behind_the_voice_is_told_apart() -> None:
    mixer = Mixer(RATE)
    mixer.add(Constant(1000, frames=1))
    mixer.add_behind(a_clip(500))
    mixer.pull()
    assert mixer.apart
    assert level(mixer.kept) == 1000
    mixer.pull()
    assert mixer.apart
    assert mixer.kept is None


def test_b7_a_sound_that_shall_be_recorded_is_kept_with_the_voice() -> None:
    mixer = Mixer(RATE)
    mixer.add_behind(a_clip(500, recorded=True))
    assert level(mixer.pull()) == 500
    assert not mixer.apart
    mixer.add_behind(a_clip(70))
    assert level(mixer.pull()) == 570
    assert level(mixer.kept) == 500


def test_b4_what_was_dropped_with_a_voice_is_given_again_without_it() -> None:
    mixer = Mixer(RATE)
    mixer.add(Constant(1000))
    mixer.add_behind(a_clip(5000))
    for _ in range(6):
        mixer.pull()
    fade = PcmData(np.full(FRAME, 100, np.int16), RATE)
    pieces = list(mixer.refill(3 * FRAME + 7, fade))
    assert [len(piece) for piece in pieces] == [7, FRAME, FRAME, FRAME]
    whole = np.concatenate([piece.samples for piece in pieces])
    assert set(whole[:FRAME]) == {600}
    assert set(whole[FRAME:]) == {500}


def test_a_sound_that_is_over_is_forgotten() -> None:
    mixer = Mixer(RATE)
    clip = a_clip(5)
    mixer.add_behind(clip)
    assert mixer.behind
    clip.close()
    clip.finish()
    assert mixer.pull() is None
    assert mixer.clips == []
