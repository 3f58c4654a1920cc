"""A recording holds both sides of a call, each where it was heard."""

import asyncio
import resource
import wave
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.errors import MediaError
from vision_agents.core.types.people import Participant

pytestmark = pytest.mark.virtual_time

ANN, BOB = Participant(None, "ann", "1"), Participant(None, "bob", "2")


def frame(value: int, rate: int = 48_000) -> PcmData:
    return PcmData(np.full(rate // 50, value, np.int16), rate)


def read(path: Path) -> npt.NDArray[np.int16]:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 48_000)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)


def heard(samples: npt.NDArray[np.int16]) -> list[tuple[float, float, int]]:
    """(begin, end, value) of each sound of one channel, in seconds."""
    borders = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), len(samples)]
    return [
        (round(begin / 48_000, 4), round(end / 48_000, 4), int(samples[begin]))
        for begin, end in pairwise(borders)
        if samples[begin]
    ]


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_both_sides_are_on_one_clock(tmp_path: Path) -> None:
    await asyncio.sleep(100)
    recorder = await Recorder.open(tmp_path / "call.wav")
    await asyncio.sleep(1)
    for _ in range(50):  # the caller speaks from 0.98 to 1.98
        recorder.hear(ANN, frame(3))
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    for _ in range(25):  # the agent answers from 2.5 to 3.0
        recorder.speak(frame(9))
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.25)

    await recorder.close()

    recording = read(tmp_path / "call.wav")
    assert len(recording) == round(3.25 * 48_000)
    assert heard(recording[:, 0]) == [(0.98, 1.98, 3)]
    assert heard(recording[:, 1]) == [(2.5, 3.0, 9)]


async def test_both_may_speak_at_once_and_two_callers_are_mixed(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    await asyncio.sleep(0.02)
    for _ in range(10):
        recorder.hear(ANN, frame(3))
        recorder.hear(BOB, frame(4))
        recorder.speak(frame(9))
        await asyncio.sleep(0.02)

    await recorder.close()

    recording = read(tmp_path / "call.wav")
    assert heard(recording[:, 0]) == [(0.0, 0.2, 7)]
    assert heard(recording[:, 1]) == [(0.02, 0.22, 9)]


async def test_what_the_agent_did_not_get_to_say_is_not_recorded(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    for index in range(10):  # a transport that takes 200 ms at once
        recorder.speak(frame(9), after=0.02 * index)
    await asyncio.sleep(0.07)

    recorder.cut()
    await asyncio.sleep(1)
    recorder.speak(frame(8))
    await recorder.close()

    assert heard(read(tmp_path / "call.wav")[:, 1]) == [(0.0, 0.07, 9), (1.07, 1.09, 8)]


async def test_it_is_written_while_the_call_goes_on(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    for _ in range(500):
        recorder.hear(ANN, frame(3))
        await asyncio.sleep(0.02)

    on_disk = read(tmp_path / "call.wav")

    assert 8 < len(on_disk) / 48_000 < 10
    await recorder.close()


async def test_ten_minutes_of_silence_stay_ten_minutes(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    recorder.speak(frame(9))
    await asyncio.sleep(600)
    recorder.speak(frame(8))
    await asyncio.sleep(0.02)
    await recorder.close()

    recording = read(tmp_path / "call.wav")
    assert heard(recording[:, 1]) == [(0.0, 0.02, 9), (600.0, 600.02, 8)]


async def test_nothing_runs_while_nobody_speaks(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    recorder.speak(frame(9))

    await asyncio.sleep(30)

    assert len(read(tmp_path / "call.wav")) == 0
    await recorder.close()


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 44_100])
async def test_other_rates_are_converted(tmp_path: Path, rate: int) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    for _ in range(50):
        recorder.hear(ANN, frame(1000, rate))
        await asyncio.sleep(0.02)
    await recorder.close()

    left = read(tmp_path / "call.wav")[:, 0]
    assert np.abs(left[1000:40_000].astype(int) - 1000).max() <= 1


async def test_closing_twice_is_closing_once_and_later_sound_is_dropped(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    recorder.speak(frame(9))
    await asyncio.sleep(0.02)

    await recorder.close()
    recorder.speak(frame(9))
    await recorder.close()

    assert len(read(tmp_path / "call.wav")) == 960


async def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file or directory"):
        await Recorder.open(tmp_path / "no" / "call.wav")


async def speak_on(recorder: Recorder, seconds: float) -> None:
    for _ in range(round(seconds * 50)):
        recorder.speak(frame(9))
        await asyncio.sleep(0.02)


async def test_a_full_disk_is_told_once_and_what_was_written_can_be_read(tmp_path: Path) -> None:
    errors: list[MediaError] = []
    with files_of_at_most(500_000):
        recorder = await Recorder.open(tmp_path / "call.wav", on_error=errors.append)
        await speak_on(recorder, 10)
        await recorder.close()

    (error,) = errors
    assert str(error) == f"'{tmp_path}/call.wav' cannot be written: file too large."
    assert heard(read(tmp_path / "call.wav")[:, 1])


async def test_without_anybody_to_tell_closing_raises_the_error(tmp_path: Path) -> None:
    with files_of_at_most(500_000):
        recorder = await Recorder.open(tmp_path / "call.wav")
        await speak_on(recorder, 10)

        with pytest.raises(MediaError, match="cannot be written"):
            await recorder.close()


async def test_a_disk_that_is_full_at_the_very_end_is_told_too(tmp_path: Path) -> None:
    with files_of_at_most(100_000):
        recorder = await Recorder.open(tmp_path / "call.wav")
        await speak_on(recorder, 0.9)

        with pytest.raises(MediaError, match="cannot be written"):
            await recorder.close()


async def test_a_disk_that_does_not_keep_up_ends_the_recording_not_the_call(tmp_path: Path) -> None:
    errors: list[MediaError] = []
    recorder = await Recorder.open(tmp_path / "call.wav", on_error=errors.append)

    for _ in range(70 * 50):  # all at once: no job can end in between
        recorder.speak(frame(9))
    await recorder.close()

    assert [str(error) for error in errors] == ["The recording ended early: the disk is too slow for it."]
