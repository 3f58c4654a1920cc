"""Audio goes in sentence by sentence and comes out frame by frame, without a gap and without a loss."""

import asyncio
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision_agents.core.aio.scope import TaskScope
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.speech.playout import Playout, Sentence
from vision_agents.testing.tone_speech import read_speech, speak

RATE = 16_000
FRAME = 320


def ramp(start: int, count: int) -> PcmData:
    return PcmData(np.arange(start, start + count, dtype=np.int16), RATE)


def add(playout: Playout, text: str, *pieces: PcmData, complete: bool = True) -> Sentence:
    sentence = playout.begin(text)
    for piece in pieces:
        playout.append(sentence, piece)
    if complete:
        playout.complete(sentence)
    return sentence


def read_all(playout: Playout, size: int = FRAME) -> npt.NDArray[np.int16]:
    frames: list[npt.NDArray[np.int16]] = []
    while (frame := playout.read(size)) is not None:
        assert frame.dtype == np.int16
        assert len(frame) == size
        frames.append(frame)
    return np.concatenate(frames) if frames else np.zeros(0, np.int16)


def read_some(playout: Playout, frames: int) -> npt.NDArray[np.int16]:
    parts = [part for _ in range(frames) if (part := playout.read(FRAME)) is not None]
    return np.concatenate(parts)


def test_nothing_is_there_before_the_first_audio() -> None:
    playout = Playout(RATE)
    playout.begin("Hello.")
    assert playout.read(FRAME) is None
    assert not playout.can_read(FRAME)
    assert not playout.drained


def test_less_than_a_frame_waits_for_the_rest() -> None:
    playout = Playout(RATE)
    sentence = add(playout, "Hello.", ramp(1, 319), complete=False)
    assert playout.read(FRAME) is None
    playout.append(sentence, ramp(320, 1))
    np.testing.assert_array_equal(playout.read(FRAME), np.arange(1, 321))


def test_the_end_of_a_sentence_is_filled_up_with_silence() -> None:
    playout = Playout(RATE)
    add(playout, "Hello.", ramp(1, 400))
    heard = read_all(playout)
    np.testing.assert_array_equal(heard, [*range(1, 401), *[0] * 240])


def test_sentences_follow_each_other_without_a_gap() -> None:
    playout = Playout(RATE)
    add(playout, "One.", ramp(1, 400))
    add(playout, "Two.", ramp(401, 50))
    add(playout, "Three.", ramp(451, 190))
    np.testing.assert_array_equal(read_all(playout), np.arange(1, 641))


def test_a_sentence_without_audio_is_passed_over() -> None:
    playout = Playout(RATE)
    add(playout, "One.", ramp(1, 320))
    add(playout, "...")
    add(playout, "Two.", ramp(321, 320))
    playout.finish()
    np.testing.assert_array_equal(read_all(playout), np.arange(1, 641))
    assert playout.drained
    assert playout.spoken_text() == "One. Two."


def test_it_is_drained_when_all_was_read_and_nothing_more_comes() -> None:
    playout = Playout(RATE)
    first = add(playout, "One.", ramp(1, 320), complete=False)
    read_all(playout)
    states = [playout.drained]
    playout.complete(first)
    states.append(playout.drained)
    second = playout.begin("Two.")
    playout.finish()
    states.append(playout.drained)
    playout.complete(second)
    states.append(playout.drained)
    assert states == [False, False, False, True]


def test_text_and_lengths_are_told() -> None:
    playout = Playout(RATE)
    add(playout, "One.", ramp(1, 320))
    add(playout, "Two.", ramp(1, 480))
    playout.read(FRAME)
    playout.read(FRAME)
    assert playout.text == "One. Two."
    assert (playout.produced, playout.played) == (pytest.approx(0.05), pytest.approx(0.04))


def test_what_fills_up_the_last_frame_is_not_counted_as_played() -> None:
    playout = Playout(RATE)
    add(playout, "One.", ramp(1, 330))
    read_all(playout)
    assert playout.played == pytest.approx(330 / RATE)


def test_a_sentence_is_announced_when_its_first_sample_is_read() -> None:
    playout, begun = Playout(RATE), list[str]()
    playout.on_sentence = lambda sentence: begun.append(sentence.text)
    add(playout, "One.", ramp(1, 330))
    add(playout, "Empty.")
    add(playout, "Two.", ramp(1, 330))
    seen = [list(begun)]
    for _ in range(3):
        playout.read(FRAME)
        seen.append(list(begun))
    assert seen == [[], ["One."], ["One.", "Two."], ["One.", "Two."]]


class TestSpokenText:
    """What was heard: whole sentences, and the begun part of the last one."""

    def played(self, frames: int) -> Playout:
        playout = Playout(RATE)
        add(playout, "One two three four.", ramp(0, 20 * FRAME))
        add(playout, "Five six.", ramp(0, 10 * FRAME))
        for _ in range(frames):
            playout.read(FRAME)
        return playout

    def test_nothing(self) -> None:
        assert self.played(0).spoken_text() == ""

    def test_a_part(self) -> None:
        assert self.played(7).spoken_text() == "One two"

    def test_a_whole_sentence_and_not_the_next(self) -> None:
        assert self.played(20).spoken_text() == "One two three four."

    def test_everything(self) -> None:
        assert self.played(30).spoken_text() == "One two three four. Five six."

    def test_what_the_transport_has_not_played_yet_was_not_heard(self) -> None:
        assert self.played(30).spoken_text(unplayed=10 * 0.02) == "One two three four."
        assert self.played(30).spoken_text(unplayed=23 * 0.02) == "One two"
        assert self.played(30).spoken_text(unplayed=5.0) == ""


@pytest.mark.virtual_time
class TestWaitingForTheVoice:
    """A sentence is begun when the one before it has begun to play."""

    async def test_waiting_for_none_returns_at_once(self) -> None:
        await Playout(RATE).wait_until_begun(0)

    async def test_a_sentence_begins_with_its_first_sample(self) -> None:
        playout = Playout(RATE)
        sentence = add(playout, "One.", ramp(1, 640), complete=False)
        async with TaskScope("test") as scope:
            waiting = scope.start(playout.wait_until_begun(1), name="waiting")
            await asyncio.sleep(1)
            playout.complete(sentence)
            await asyncio.sleep(1)
            assert not waiting.done()
            playout.read(FRAME)
            await asyncio.sleep(1)
            assert waiting.done()

    async def test_a_sentence_without_audio_counts_as_begun(self) -> None:
        playout = Playout(RATE)
        sentence = playout.begin("...")
        async with TaskScope("test") as scope:
            waiting = scope.start(playout.wait_until_begun(1), name="waiting")
            await asyncio.sleep(1)
            assert not waiting.done()
            playout.complete(sentence)
            await asyncio.sleep(1)
            assert waiting.done()


class TestHolding:
    """What was cut short goes on later, from the beginning of the word."""

    def test_a_fade_is_taken_from_what_comes_next_and_plays_again(self) -> None:
        playout = Playout(RATE)
        add(playout, "One.", PcmData(np.full(960, 1000, np.int16), RATE))
        playout.read(FRAME)
        fade = playout.fade_out(FRAME)
        assert fade is not None
        assert (len(fade), fade.samples[0], fade.samples[-1]) == (FRAME, 1000, 0)
        assert (np.diff(fade.samples) <= 0).all()
        assert playout.played == pytest.approx(0.02)
        assert len(read_all(playout)) == 2 * FRAME

    def test_a_short_rest_fades_in_a_whole_frame(self) -> None:
        playout = Playout(RATE)
        add(playout, "One.", PcmData(np.full(330, 1000, np.int16), RATE))
        playout.read(FRAME)
        fade = playout.fade_out(FRAME)
        assert fade is not None
        assert len(fade) == FRAME
        assert not fade.samples[10:].any()

    def test_without_audio_there_is_no_fade(self) -> None:
        playout = Playout(RATE)
        assert playout.fade_out(FRAME) is None
        add(playout, "One.", ramp(1, 320))
        playout.read(FRAME)
        assert playout.fade_out(FRAME) is None

    def test_what_was_taken_back_is_played_again(self) -> None:
        playout = Playout(RATE)
        add(playout, "One.", ramp(0, 400), ramp(400, 400), ramp(800, 160))
        playout.read(FRAME)
        playout.read(FRAME)
        playout.take_back(0.03)
        assert playout.played == pytest.approx(0.01)
        np.testing.assert_array_equal(playout.read(FRAME), np.arange(160, 480))
        playout.take_back(0.005)
        assert playout.played == pytest.approx(0.025)
        np.testing.assert_array_equal(read_all(playout)[:560], np.arange(400, 960))

    def test_what_was_taken_back_reaches_into_the_sentences_before(self) -> None:
        playout = Playout(RATE)
        for begin in (0, 320, 640):
            add(playout, "Yes.", ramp(begin, 320))
        for _ in range(3):
            playout.read(FRAME)
        playout.take_back(0.05)
        assert playout.played == pytest.approx(0.01)
        np.testing.assert_array_equal(read_all(playout)[:800], np.arange(160, 960))

    def test_the_end_of_the_last_sentence_is_taken_back(self) -> None:
        playout = Playout(RATE)
        add(playout, "One.", ramp(0, 400))
        assert len(read_all(playout)) == 2 * FRAME
        playout.take_back(0.015)
        np.testing.assert_array_equal(read_all(playout)[:240], np.arange(160, 400))

    def test_no_transport_takes_back_what_is_long_gone(self) -> None:
        playout = Playout(RATE)
        for begin in (1, 2, 3):
            add(playout, "Yes.", ramp(begin, 4 * RATE))
            read_some(playout, 200)
        playout.take_back(60.0)
        assert playout.played == pytest.approx(4.0)

    def test_no_word_is_lost_when_the_voice_goes_on(self) -> None:
        text = "one two three four five six seven"
        pcm = speak(text, sample_rate=RATE)
        for cut in range(1, len(pcm) // FRAME):
            playout = Playout(RATE)
            add(playout, text, pcm)
            before = read_some(playout, cut)
            playout.go_to_word_start()
            after = read_speech(PcmData(read_all(playout), RATE)).split()
            assert after == text.split()[len(text.split()) - len(after) :]
            heard = read_speech(PcmData(before, RATE)).split()
            whole = [word for word in heard if word in text.split()]
            assert len(whole) + len(after) >= len(text.split())


@dataclass
class Piece:
    """A sentence of a random play: the lengths of its pieces of audio."""

    lengths: list[int]


plays = st.lists(st.builds(Piece, st.lists(st.integers(0, 700), max_size=5)), max_size=6)


@given(sentences=plays, size=st.integers(1, 400))
def test_every_sample_comes_out_once_and_in_order(sentences: list[Piece], size: int) -> None:
    playout, sent = Playout(RATE), 0
    for number, piece in enumerate(sentences):
        sentence = playout.begin(str(number))
        for length in piece.lengths:
            playout.append(sentence, ramp(sent + 1, length))
            sent += length
        playout.complete(sentence)
    playout.finish()
    heard = read_all(playout, size)
    assert len(heard) == -(-sent // size) * size
    np.testing.assert_array_equal(heard[:sent], np.arange(1, sent + 1))
    assert not heard[sent:].any()
    assert playout.drained
    assert playout.played == playout.produced == sent / RATE


@given(data=st.data(), sentences=plays)
def test_audio_that_comes_late_is_heard_whole_and_in_order(
    data: st.DataObject, sentences: list[Piece]
) -> None:
    playout, sent, heard = Playout(RATE), 0, list[int]()

    def read_some() -> None:
        for _ in range(data.draw(st.integers(0, 4))):
            frame = playout.read(FRAME)
            heard.extend([] if frame is None else frame[frame != 0].tolist())

    for number, piece in enumerate(sentences):
        sentence = playout.begin(str(number))
        for length in piece.lengths:
            playout.append(sentence, ramp(sent + 1, length))
            sent += length
            read_some()
        playout.complete(sentence)
        read_some()
    playout.finish()
    heard += [value for value in read_all(playout).tolist() if value]
    assert heard == list(range(1, sent + 1))
    assert playout.drained
