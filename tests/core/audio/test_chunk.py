"""The chunker gives pieces of one size and loses no sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.audio.chunk import Chunker, FloatWindows
from vision_agents.core.audio.pcm import PcmData


def ramp(start: int, count: int) -> PcmData:
    return PcmData(np.arange(start, start + count, dtype=np.int16), 16_000)


@given(size=st.integers(1, 50), lengths=st.lists(st.integers(0, 200), max_size=20), pad=st.booleans())
def test_every_sample_comes_out_once_and_in_order(size: int, lengths: list[int], pad: bool) -> None:
    chunker, chunks, sent = Chunker(size), list[PcmData](), 0
    for length in lengths:
        chunks += chunker.push(ramp(sent, length))
        sent += length
        assert 0 <= sent - size * len(chunks) < size
    rest = chunker.flush(pad=pad)

    assert {len(chunk) for chunk in chunks} <= {size}
    assert (rest is None) == (sent % size == 0)
    if rest is not None:
        assert len(rest) == (size if pad else sent % size)
        chunks.append(rest)
    joined = np.concatenate([chunk.samples for chunk in chunks] or [np.zeros(0, np.int16)])
    np.testing.assert_array_equal(joined[:sent], np.arange(sent))
    assert not joined[sent:].any()


def test_aligned_pieces_are_not_copied() -> None:
    pcm = ramp(0, 640)

    chunks = Chunker(320).push(pcm)

    assert [np.shares_memory(chunk.samples, pcm.samples) for chunk in chunks] == [True, True]


def test_what_waits_is_not_touched_by_its_sender() -> None:
    buffer = np.ones(10, np.int16)
    chunker = Chunker(16)
    chunker.push(PcmData(buffer, 16_000))

    buffer.fill(0)

    rest = chunker.flush(pad=False)
    assert rest is not None
    assert rest.samples.all()


def test_stereo_and_float_pieces_keep_their_shape() -> None:
    chunker = Chunker(8)
    stereo = PcmData(np.arange(20, dtype=np.float32).reshape(10, 2), 48_000)

    (chunk,) = chunker.push(stereo)
    rest = chunker.flush()

    assert rest is not None
    assert (chunk.channels, rest.channels, rest.sample_rate) == (2, 2, 48_000)
    np.testing.assert_array_equal(rest.samples[:2], stereo.samples[8:])


def test_another_kind_of_audio_is_refused_in_the_middle_of_a_chunk() -> None:
    chunker = Chunker(16)
    chunker.push(ramp(0, 10))

    with pytest.raises(ValueError, match="flush it before another begins"):
        chunker.push(PcmData(np.zeros(10, np.int16), 48_000))

    chunker.flush()
    assert chunker.push(PcmData(np.zeros(16, np.float32), 48_000))


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match=">= 1"):
        Chunker(0)


@given(size=st.integers(1, 50), lengths=st.lists(st.integers(0, 200), max_size=20))
def test_float_windows_hold_every_sample_once_and_in_order(size: int, lengths: list[int]) -> None:
    windows, got, sent = FloatWindows(size), list[float](), 0
    for length in lengths:
        piece = ramp(sent, length).samples
        sent += length
        for window, behind in windows.push(piece):
            got += (window * 32768).tolist()
            assert len(got) == sent - behind

    assert got == list(range(sent // size * size))


def test_float_windows_begin_anew_after_a_reset() -> None:
    windows = FloatWindows(4)
    assert list(windows.push(ramp(100, 3).samples)) == []
    windows.reset()

    assert [(window * 32768).tolist() for window, _ in windows.push(ramp(0, 5).samples)] == [[0, 1, 2, 3]]


def test_a_float_window_needs_a_sample() -> None:
    with pytest.raises(ValueError, match="size must be >= 1"):
        FloatWindows(0)
