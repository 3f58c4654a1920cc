"""A file as the caller speaks in real time and then is silent."""

import asyncio
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.wav import WavWriter
from vision_agents.core.edge.file_caller import FileCaller
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, ConnectionListener
from vision_agents.core.errors import MediaError
from vision_agents.core.types.people import Participant, User

pytestmark = pytest.mark.virtual_time


class Ears(ConnectionListener):
    """Frames that were heard, with their times."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, PcmData]] = []
        self.left = False

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        assert participant.user_id == "ann"
        self.frames.append((round(asyncio.get_running_loop().time(), 6), pcm))

    def on_participant_joined(self, participant: Participant) -> None: ...

    def on_participant_left(self, participant: Participant) -> None:
        self.left = True

    def on_dtmf(self, participant: Participant, digit: str) -> None: ...

    def on_call_ended(self, detail: str) -> None: ...

    def samples(self) -> npt.NDArray[np.int16 | np.float32]:
        return np.concatenate([pcm.samples for _, pcm in self.frames])


def speech(path: Path, seconds: float, rate: int = 16_000) -> npt.NDArray[np.int16]:
    samples = np.random.default_rng(1).integers(-9000, 9000, round(seconds * rate)).astype(np.int16)
    writer = WavWriter(path, sample_rate=rate)
    writer.write(samples)
    writer.close()
    return samples


async def call(path: Path, edge: Edge, ears: Ears) -> FileCaller:
    caller = await FileCaller.open(path)
    await edge.join(Call("lunch"), User(id="agent"), ears)
    caller.join(edge, User(id="ann"))
    return caller


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
async def test_the_file_is_heard_to_the_bit_in_real_time(tmp_path: Path, rate: int) -> None:
    samples = speech(tmp_path / "a.wav", 3, rate)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)

    await caller.wait_finished()

    assert [at for at, _ in ears.frames] == [round(0.02 * k, 6) for k in range(150)]
    assert {(pcm.sample_rate, len(pcm)) for _, pcm in ears.frames} == {(rate, rate // 50)}
    np.testing.assert_array_equal(ears.samples(), samples)
    await caller.close()


async def test_a_rate_without_whole_frames_is_converted_to_48_khz(tmp_path: Path) -> None:
    speech(tmp_path / "a.wav", 1, 11_025)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)

    await caller.wait_finished()

    assert {(pcm.sample_rate, len(pcm)) for _, pcm in ears.frames} == {(48_000, 960)}
    assert len(ears.frames) == 51  # the last one holds the filter's tail
    await caller.close()


async def test_the_last_frame_is_filled_up_with_silence(tmp_path: Path) -> None:
    samples = speech(tmp_path / "a.wav", 0.03)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)

    await caller.wait_finished()

    np.testing.assert_array_equal(ears.samples()[:480], samples)
    assert len(ears.samples()) == 640
    assert not ears.samples()[480:].any()
    await caller.close()


async def test_after_the_file_it_stays_and_is_silent(tmp_path: Path) -> None:
    speech(tmp_path / "a.wav", 1)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)

    await caller.wait_finished()
    finished = asyncio.get_running_loop().time()
    await asyncio.sleep(600)

    assert finished == pytest.approx(0.98)  # the moment of the last frame
    assert len(ears.frames) == 50
    assert not ears.left
    await caller.close()
    assert ears.left


async def test_it_waits_for_somebody_to_speak_to(tmp_path: Path) -> None:
    samples = speech(tmp_path / "a.wav", 1)
    edge, ears = Edge(), Ears()
    caller = await FileCaller.open(tmp_path / "a.wav")
    caller.join(edge, User(id="ann"), "lunch")
    await asyncio.sleep(30)

    await edge.join(Call("lunch"), User(id="agent"), ears)
    assert ears.frames == []  # not in the middle of joining
    await caller.wait_finished()

    assert ears.frames[0][0] == 30.0
    np.testing.assert_array_equal(ears.samples(), samples)
    await caller.close()


async def test_a_second_listener_does_not_start_it_again(tmp_path: Path) -> None:
    speech(tmp_path / "a.wav", 1)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)
    await asyncio.sleep(0.5)

    edge.join_as(User(id="bob"))
    await caller.wait_finished()

    assert len(ears.frames) == 50
    await caller.close()


async def test_a_long_file_is_read_as_it_is_played(tmp_path: Path) -> None:
    speech(tmp_path / "long.wav", 90)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "long.wav", edge, ears)
    most = 0
    while not caller.finished.is_set():
        most = max(most, caller.ahead)
        await asyncio.sleep(0.5)

    assert len(ears.frames) == 90 * 50
    assert [at for at, _ in ears.frames] == [round(0.02 * k, 6) for k in range(90 * 50)]
    assert 1 < most < 4
    await caller.close()


async def test_closing_in_the_middle_ends_it(tmp_path: Path) -> None:
    speech(tmp_path / "a.wav", 60)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)
    await asyncio.sleep(0.5)

    await caller.close()
    await asyncio.sleep(1)

    assert len(ears.frames) == 26
    assert ears.left
    assert caller.finished.is_set()


async def test_closing_before_joining_closes_the_file(tmp_path: Path) -> None:
    speech(tmp_path / "a.wav", 1)

    await (await FileCaller.open(tmp_path / "a.wav")).close()


async def test_a_file_that_cannot_be_read_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="There is no file"):
        await FileCaller.open(tmp_path / "no.wav")


async def test_an_error_while_reading_ends_the_speech_and_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech(tmp_path / "a.wav", 60)
    edge, ears = Edge(), Ears()
    caller = await call(tmp_path / "a.wav", edge, ears)
    await asyncio.sleep(0.5)

    def fail(_self: object) -> PcmData:
        raise MediaError("the disk was taken out")

    monkeypatch.setattr("vision_agents.core.audio.file.AudioFileReader.__next__", fail)

    with pytest.raises(MediaError, match="the disk was taken out"):
        await caller.wait_finished()
    assert len(ears.frames) < 60 * 50
    await caller.close()
