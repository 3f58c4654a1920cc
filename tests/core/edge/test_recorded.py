"""A recorder can be put on a call of any edge without either side noticing."""

import asyncio
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.recorded import RecordedConnection, join_recorded
from vision_agents.core.edge.recorder import Recorder
from vision_agents.core.edge.transport import Call, Capability, Connection, ConnectionListener
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.types.units import Seconds
from vision_agents.core.video.frame import RgbFrame, VideoFrame

pytestmark = pytest.mark.virtual_time


class Ears(ConnectionListener):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        self.heard.append(("audio", participant.user_id, len(pcm)))

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        self.heard.append(("video", kind))

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        self.heard.append(("dark", kind))

    def on_participant_joined(self, participant: Participant) -> None:
        self.heard.append(("joined", participant.user_id))

    def on_participant_left(self, participant: Participant) -> None:
        self.heard.append(("left", participant.user_id))

    def on_dtmf(self, participant: Participant, digit: str) -> None: ...

    def on_call_ended(self, detail: str) -> None:
        self.heard.append(("ended", detail))


class BufferingConnection(Connection):
    """A transport that takes everything at once and plays it in its own time."""

    capabilities = frozenset({Capability.PLAYBACK_POSITION})
    output_rate = 24_000

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.played_until = 0.0

    @property
    def participants(self) -> tuple[Participant, ...]:
        return (Participant(None, "ann", "1"),)

    def send_audio(self, frame: PcmData) -> None:
        self.played_until = max(self.played_until, self._now()) + frame.duration

    def flush_audio(self, last: PcmData | None = None) -> None:
        self.played_until = self._now()

    @property
    def unplayed(self) -> Seconds:
        return max(0.0, self.played_until - self._now())

    async def wait_for_participant(self, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109
        self.calls.append(timeout)

    @property
    def idle_since(self) -> Seconds | None:
        return 12.5

    async def send_custom_event(self, data: Mapping[str, object]) -> None:
        self.calls.append(data)

    async def close(self) -> None:
        self.calls.append("close")

    def _now(self) -> Seconds:
        return asyncio.get_running_loop().time()


def loudness(path: Path) -> list[tuple[float, float]]:
    """Begin and end of what is heard on each channel, in seconds."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    where = [np.flatnonzero(channel) for channel in samples.T]
    return [(round(w[0] / 48_000, 3), round((w[-1] + 1) / 48_000, 3)) for w in where]


async def test_both_sides_of_a_loopback_call_are_recorded_and_heard(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    edge, ears = Edge(), Ears()
    connection = await join_recorded(edge, Call("lunch"), User(id="agent"), ears, recorder=recorder)
    peer = edge.join_as(User(id="ann"))
    await asyncio.sleep(0.5)

    peer.send_audio(PcmData(np.full(320, 500, np.int16), 16_000))
    connection.send_audio(PcmData(np.full(960, 700, np.int16), 48_000))
    connection.flush_audio()
    await asyncio.sleep(0.5)
    peer.end_call("bye")
    await connection.close()
    await recorder.close()

    assert ears.heard == [("joined", "ann"), ("audio", "ann", 320), ("ended", "bye")]
    assert len(peer.heard) == 1
    (left_begin, left_end), right = loudness(tmp_path / "call.wav")
    assert left_begin == pytest.approx(0.48, abs=0.002)
    assert left_end == pytest.approx(0.5, abs=0.002)
    assert right == (0.5, 0.52)


async def test_what_a_transport_had_not_played_when_it_was_flushed_is_not_recorded(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    connection = RecordedConnection(BufferingConnection(), recorder)
    recorder.hear(connection.participants[0], PcmData(np.ones(960, np.int16), 48_000))
    for _ in range(50):
        connection.send_audio(PcmData(np.full(480, 700, np.int16), 24_000))
    await asyncio.sleep(0.3)

    connection.flush_audio()
    await asyncio.sleep(1)
    await recorder.close()

    assert loudness(tmp_path / "call.wav")[1] == (pytest.approx(0.0, abs=0.002), 0.3)


async def test_everything_else_is_passed_through(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    inner = BufferingConnection()
    connection = RecordedConnection(inner, recorder)
    connection.send_audio(PcmData(np.zeros(480, np.int16), 24_000))

    await connection.wait_for_participant(3)
    await connection.send_custom_event({"a": 1})
    await connection.close()
    await recorder.close()

    assert inner.calls == [3, {"a": 1}, "close"]
    assert connection.unplayed == 0.02
    assert connection.idle_since == 12.5
    assert connection.participants == inner.participants
    assert connection.capabilities == {Capability.PLAYBACK_POSITION}
    assert connection.output_rate == 24_000


async def test_pictures_pass_through_both_ways(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    edge, ears = Edge(), Ears()
    connection = await join_recorded(edge, Call("lunch"), User(id="agent"), ears, recorder=recorder)
    peer = edge.join_as(User(id="ann"))
    picture = RgbFrame(np.zeros((2, 4, 3), np.uint8), captured_at=0.0)

    peer.send_video(picture, TrackType.SCREEN_SHARE)
    peer.end_video(TrackType.SCREEN_SHARE)
    connection.send_video(picture)
    await recorder.close()

    assert ears.heard[1:] == [("video", TrackType.SCREEN_SHARE), ("dark", TrackType.SCREEN_SHARE)]
    assert [seen.frame for seen in peer.seen] == [picture]


async def test_leaving_is_told(tmp_path: Path) -> None:
    recorder = await Recorder.open(tmp_path / "call.wav")
    edge, ears = Edge(), Ears()
    await join_recorded(edge, Call("lunch"), User(id="agent"), ears, recorder=recorder)

    edge.join_as(User(id="ann")).leave()
    await recorder.close()

    assert ears.heard == [("joined", "ann"), ("left", "ann")]


async def test_b7_a_recording_holds_no_background_and_the_caller_alone(tmp_path: Path) -> None:
    edge = Edge()
    caller = edge.join_as(User(id="caller"), "b7")
    recorder = await Recorder.open(tmp_path / "call.wav")
    connection = await join_recorded(edge, Call("b7"), User(id="agent"), Ears(), recorder=recorder)
    mixed, voice = steady(1500), steady(1000)
    for _ in range(50):
        caller.send_audio(steady(300))
        connection.record_instead(voice)
        connection.send_audio(mixed)
        await asyncio.sleep(0.02)
    connection.record_instead(None)
    connection.send_audio(mixed)
    await connection.close()
    await recorder.close()
    samples = read_wav(tmp_path / "call.wav")
    assert set(samples[1000:40_000, 0]) == {300}
    assert set(samples[1000:40_000, 1]) == {1000}
    assert not samples[49_000:, 1].any()


def steady(value: int) -> PcmData:
    return PcmData(np.full(960, value, np.int16), 48_000)


def read_wav(path: Path) -> npt.NDArray[np.int16]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
