"""The timeline puts each piece where it was heard, without seams between pieces that belong together."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.timeline import StereoTimeline

RATE = 8000


def piece(value: int, seconds: float = 0.02, rate: int = RATE) -> PcmData:
    return PcmData(np.full(round(seconds * rate), value, np.int16), rate)


def taken(timeline: StereoTimeline, until: float) -> npt.NDArray[np.int16]:
    return np.concatenate([np.zeros((0, 2), np.int16), *timeline.take(until)])


def runs(channel: npt.NDArray[np.int16]) -> list[tuple[int, float]]:
    """(value, milliseconds) of each run of equal samples."""
    borders = [0, *(np.flatnonzero(np.diff(channel)) + 1).tolist(), len(channel)]
    return [(int(channel[begin]), round((end - begin) / RATE * 1000, 3)) for begin, end in pairwise(borders)]


def test_pieces_lie_where_they_were_heard_and_gaps_are_silent() -> None:
    timeline = StereoTimeline(RATE)
    timeline.place(piece(5), source="ann", channel=0, at=0.5)
    timeline.place(piece(7), source="agent", channel=1, at=0.8)
    timeline.place(piece(6), source="ann", channel=0, at=1.5)

    mix = taken(timeline, 2)

    assert runs(mix[:, 0]) == [(0, 500), (5, 20), (0, 980), (6, 20), (0, 480)]
    assert runs(mix[:, 1]) == [(0, 800), (7, 20), (0, 1180)]


def test_jitter_leaves_no_seam() -> None:
    timeline = StereoTimeline(RATE)
    for index, jitter in enumerate((0, 0.004, -0.003, 0.05, -0.02, 0.0)):
        timeline.place(piece(5), source="ann", channel=0, at=1 + 0.02 * index + jitter)

    assert runs(taken(timeline, 2)[:, 0]) == [(0, 1000), (5, 120), (0, 880)]


def test_two_voices_on_one_channel_are_added_and_clipped() -> None:
    timeline = StereoTimeline(RATE)
    timeline.place(piece(20_000, 0.04), source="ann", channel=0, at=0)
    timeline.place(piece(20_000, 0.02), source="bob", channel=0, at=0.03)

    assert runs(taken(timeline, 0.06)[:, 0]) == [(20_000, 30), (32_767, 10), (20_000, 10), (0, 10)]


def test_what_was_not_heard_can_be_cut() -> None:
    timeline = StereoTimeline(RATE)
    for index in range(10):
        timeline.place(piece(7), source="agent", channel=1, at=0.02 * index)

    timeline.cut(source="agent", channel=1, at=0.11)
    timeline.place(piece(8), source="agent", channel=1, at=0.15)

    assert runs(taken(timeline, 0.2)[:, 1]) == [(7, 110), (8, 20), (0, 70)]


def test_a_cut_after_the_end_changes_nothing() -> None:
    timeline = StereoTimeline(RATE)
    timeline.place(piece(7), source="agent", channel=1, at=0)

    timeline.cut(source="agent", channel=1, at=0.1)

    assert runs(taken(timeline, 0.1)[:, 1]) == [(7, 20), (0, 80)]


def test_what_comes_too_late_begins_as_early_as_it_can() -> None:
    timeline = StereoTimeline(RATE)
    taken(timeline, 1)

    timeline.place(piece(5), source="ann", channel=0, at=0.9)

    assert runs(taken(timeline, 1.1)[:, 0]) == [(5, 20), (0, 80)]


def test_other_rates_and_stereo_are_converted() -> None:
    timeline = StereoTimeline(RATE)
    stereo = PcmData(np.full((4800, 2), 1000, np.int16), 48_000)

    timeline.place(stereo, source="ann", channel=0, at=0)
    timeline.place(piece(1000, 0.1, 16_000).to_float32(), source="agent", channel=1, at=0)

    mix = taken(timeline, 0.1)
    assert np.abs(mix[100:].astype(int) - 1000).max() <= 1


def test_a_long_silence_is_given_in_pieces_of_a_second() -> None:
    timeline = StereoTimeline(RATE)

    assert {len(part) for part in timeline.take(3600)} == {RATE}
    assert timeline.taken == 3600


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 400)), max_size=12),
    st.lists(st.integers(0, 4000)),
)
def test_no_sample_is_lost_however_it_is_taken(pieces: list[tuple[int, int]], stops: list[int]) -> None:
    timeline = StereoTimeline(RATE)
    for number, (start, count) in enumerate(pieces):
        pcm = PcmData(np.full(count, 1, np.int16), RATE)
        timeline.place(pcm, source=number, channel=number % 2, at=start / RATE)

    parts = [part for stop in sorted(stops) for part in timeline.take(stop / RATE)]
    parts += timeline.take(max(timeline.end, timeline.taken))

    mix = np.concatenate([np.zeros((0, 2), np.int16), *parts])
    assert mix.sum() == sum(count for _, count in pieces)
