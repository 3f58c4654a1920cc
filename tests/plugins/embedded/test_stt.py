"""The recogniser's port on Moonshine: gated, repeatable, long turns, many sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.stt.stt import STTEvent, STTStream
from vision_agents.plugins.embedded import models
from vision_agents.plugins.embedded.engines.moonshine import Heard
from vision_agents.plugins.embedded.inference import Batcher
from vision_agents.plugins.embedded.shared import Shared
from vision_agents.plugins.embedded.stt import STT

if TYPE_CHECKING:
    from tests.plugins.embedded.conftest import Recording


def ignore(event: STTEvent) -> None:
    raise AssertionError(f"nothing is expected to come by itself: {event}")


async def opened() -> STTStream:
    stt = STT()
    await stt.start()
    return stt.open(ignore)


def push(stream: STTStream, samples: npt.NDArray[np.float32]) -> None:
    """As a call does: frames of 20 ms."""
    pcm = PcmData(samples, 16_000).to_int16()
    for begin in range(0, len(pcm), 320):
        stream.push(PcmData(pcm.samples[begin : begin + 320], 16_000))


async def test_a_question_is_understood_after_the_vad_has_spoken_up(recording: Recording) -> None:
    stream = await opened()
    question = recording("paris_hibari")
    push(stream, np.zeros(32_000, np.float32))
    push(stream, question[:3200])
    stream.speech_started()
    push(stream, question[3200:])
    transcript = await stream.flush()
    assert transcript.text == "What is the weather in Paris?"
    assert transcript.final
    assert transcript.language == "en"
    assert transcript.confidence is not None
    assert transcript.confidence > 0.8
    assert transcript.processing_time is not None
    await stream.close()


async def test_without_a_sign_of_speech_nothing_is_recognised(recording: Recording) -> None:
    stream = await opened()
    push(stream, recording("paris_hibari"))
    assert (await stream.flush()).text == ""


async def test_silence_taken_for_speech_gives_no_words() -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, np.zeros(32_000, np.float32))
    assert (await stream.flush()).text == ""


async def test_who_goes_on_after_a_pause_is_heard_whole(recording: Recording) -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, recording("paris_hibari"))
    first = await stream.flush()
    push(stream, np.zeros(4800, np.float32))
    push(stream, recording("tokyo_hibari"))
    second = await stream.flush()
    assert first.text == "What is the weather in Paris?"
    assert second.text.startswith("What is the weather in Paris?")
    assert "Tokyo" in second.text


async def test_a_new_turn_holds_nothing_of_the_old_one(recording: Recording) -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, recording("paris_hibari"))
    stream.reset()
    push(stream, np.zeros(16_000, np.float32))
    stream.speech_started()
    push(stream, recording("tokyo_hibari"))
    assert (await stream.flush()).text == "What about the weather in Tokyo?"


async def test_speakers_at_once_get_their_own_words(recording: Recording) -> None:
    streams = [await opened() for _ in range(4)]
    for number, stream in enumerate(streams):
        stream.speech_started()
        push(stream, recording("tokyo_hibari" if number % 2 else "paris_hibari"))
    texts = [transcript.text for transcript in await asyncio.gather(*(stream.flush() for stream in streams))]
    assert ["Tokyo" in text for text in texts] == [False, True, False, True]


def test_it_must_be_started_first() -> None:
    with pytest.raises(RuntimeError, match="start"):
        STT().open(ignore)


class Counter:
    """Takes the place of the model: gives the level of each piece as its word."""

    def __init__(self) -> None:
        self.pieces: list[float] = []

    def transcribe(self, pieces: Sequence[npt.NDArray[np.float32]]) -> list[Heard]:
        self.pieces += [len(piece) / 16_000 for piece in pieces]
        return [Heard(f"{100 * piece.max():.0f}" if piece.max() > 0.05 else "", 0.9) for piece in pieces]


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter()
    batcher = Batcher[npt.NDArray[np.float32], Heard](counter.transcribe, stage="stt")
    monkeypatch.setattr(models, "moonshine", Shared("counter", lambda _: batcher))
    return counter


def level(value: float, *, seconds: float) -> npt.NDArray[np.float32]:
    """A steady tone of that peak, with a short silence behind it."""
    tone = value * np.sin(np.arange(int(seconds * 16_000)))
    return np.concatenate([tone, np.zeros(3200)]).astype(np.float32)


async def test_of_a_long_turn_only_what_is_new_is_recognised_again(counter: Counter) -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, level(0.10, seconds=12))
    push(stream, level(0.20, seconds=12))
    assert (await stream.flush()).text == "10 20"
    before = len(counter.pieces)
    push(stream, level(0.30, seconds=2))
    transcript = await stream.flush()
    assert transcript.text == "10 30"
    assert transcript.confidence == 0.9
    assert sum(counter.pieces[before:]) == pytest.approx(14.5, abs=0.5)
    push(stream, level(0.40, seconds=12))
    assert (await stream.flush()).text == "10 20 40"
    assert max(counter.pieces) <= 15


async def test_a_turn_without_end_keeps_its_last_two_minutes(counter: Counter) -> None:
    stream = await opened()
    stream.speech_started()
    for _ in range(20):
        push(stream, level(0.10, seconds=12))
    await stream.flush()
    assert sum(counter.pieces) == pytest.approx(120, abs=0.1)


async def test_a_reset_during_a_flush_leaves_the_new_turn_clean(counter: Counter) -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, level(0.10, seconds=12))
    push(stream, level(0.20, seconds=12))
    flush = asyncio.get_running_loop().create_task(stream.flush())
    await asyncio.sleep(0)
    stream.reset()
    await flush
    stream.speech_started()
    push(stream, level(0.50, seconds=1))
    assert (await stream.flush()).text == "50"


async def test_a_cancelled_flush_does_no_harm(counter: Counter) -> None:
    stream = await opened()
    stream.speech_started()
    push(stream, level(0.10, seconds=3))
    flush = asyncio.get_running_loop().create_task(stream.flush())
    await asyncio.sleep(0)
    flush.cancel()
    await asyncio.wait([flush])
    assert (await stream.flush()).text == "10"
