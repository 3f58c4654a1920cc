"""A recogniser without a stream hears each stretch of speech as a whole."""

import asyncio

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.stt.segmented import SegmentedSTT
from vision_agents.core.stt.stt import STTEvent, STTProfile, STTStream, Transcript
from vision_agents.testing.tone_speech import read_speech, speak

pytestmark = pytest.mark.virtual_time


class Reader(SegmentedSTT):
    """Reads tone speech and remembers what it was given."""

    def __init__(self, sample_rate: int = 16_000) -> None:
        self.profile = STTProfile(sample_rate=sample_rate)
        self.heard: list[PcmData] = []

    async def transcribe(self, pcm: PcmData) -> Transcript:
        await asyncio.sleep(0.1)
        self.heard.append(pcm)
        return Transcript(read_speech(pcm))


def ignore(event: STTEvent) -> None: ...


def push(stream: STTStream, pcm: PcmData) -> None:
    """Push in frames of 20 ms, as a call does."""
    size = pcm.sample_rate // 50
    for start in range(0, len(pcm), size):
        stream.push(PcmData(pcm.samples[start : start + size], pcm.sample_rate))


async def test_speech_is_transcribed_with_what_came_just_before_it_was_noticed() -> None:
    stt = Reader()
    stream = stt.open(ignore)
    push(stream, PcmData.silence(2, 16_000))
    words = speak("what time is it")
    push(stream, PcmData(words.samples[:3200], 16_000))
    stream.speech_started()
    push(stream, PcmData(words.samples[3200:], 16_000))
    assert (await stream.flush()).text == "what time is it"
    [heard] = stt.heard
    assert (heard.sample_rate, heard.format, heard.channels) == (16_000, "s16", 1)
    assert heard.duration == pytest.approx(words.duration + 0.3, abs=0.03)


async def test_what_nobody_took_for_speech_is_not_transcribed() -> None:
    stt = Reader()
    stream = stt.open(ignore)
    push(stream, speak("noise"))
    assert await stream.flush() == Transcript("")
    assert stt.heard == []


async def test_after_a_pause_the_whole_turn_is_heard_again() -> None:
    stream = Reader().open(ignore)
    stream.speech_started()
    push(stream, speak("my number is", pause=0.3))
    assert (await stream.flush()).text == "my number is"
    push(stream, speak("five five five"))
    assert (await stream.flush()).text == "my number is five five five"


async def test_after_a_reset_nothing_is_heard_until_speech_begins() -> None:
    stream = Reader().open(ignore)
    stream.speech_started()
    push(stream, speak("one"))
    await stream.flush()
    stream.reset()
    push(stream, PcmData.silence(1, 16_000))
    assert (await stream.flush()).text == ""
    push(stream, speak("two"))
    stream.speech_started()
    assert (await stream.flush()).text == "two"


async def test_a_flush_may_be_cancelled_and_repeated() -> None:
    stream = Reader().open(ignore)
    stream.speech_started()
    push(stream, speak("hello"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await stream.flush()
    assert (await stream.flush()).text == "hello"


class Keeper(Reader):
    """Only remembers: reading two minutes would take a second."""

    async def transcribe(self, pcm: PcmData) -> Transcript:
        self.heard.append(pcm)
        return Transcript("")


async def test_a_turn_without_end_is_bounded() -> None:
    stt = Keeper(sample_rate=8000)
    stream = stt.open(ignore)
    stream.speech_started()
    minute = PcmData(np.ones(60 * 8000, np.int16), 8000)
    for _ in range(3):
        stream.push(minute)
    await stream.flush()
    assert 120 <= stt.heard[0].duration < 121


async def test_speakers_are_kept_apart_and_there_are_no_interim_events() -> None:
    stt, events = Reader(), list[STTEvent]()
    one, two = stt.open(events.append), stt.open(events.append)
    one.speech_started()
    two.speech_started()
    push(one, speak("one"))
    push(two, speak("two"))
    assert [(await stream.flush()).text for stream in (one, two)] == ["one", "two"]
    await one.close()
    await two.close()
    assert events == []
