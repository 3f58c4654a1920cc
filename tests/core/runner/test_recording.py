"""A recorded edge does all that the edge itself does."""

from __future__ import annotations

from pathlib import Path

import pytest

from vision_agents.core.audio.file import read_audio
from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge
from vision_agents.core.edge.transport import Call, Connection, ConnectionListener, EdgeTransport
from vision_agents.core.errors import MediaError
from vision_agents.core.runner.recording import RecordedEdge, recording
from vision_agents.core.types.people import Participant, User

pytestmark = pytest.mark.virtual_time

CALL, AGENT = Call("lunch-2", "standup"), User(id="agent")


class SpyEdge(EdgeTransport):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.inside = Edge()
        self.asked: list[object] = []

    async def start(self) -> None:
        self.asked.append("start")

    async def authenticate(self, user: User) -> None:
        self.asked.append(user)

    async def create_call(self, call_type: str, call_id: str) -> Call:
        return Call(f"{call_id}-2", call_type)

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> Connection:
        return await self.inside.join(call, user, listener)

    async def open_demo(self, call: Call) -> None:
        self.asked.append(call)

    async def close(self) -> None:
        self.asked.append("close")
        await self.inside.close()


class NoListener(ConnectionListener):
    def on_audio(self, participant: Participant, pcm: PcmData) -> None: ...
    def on_participant_joined(self, participant: Participant) -> None: ...
    def on_participant_left(self, participant: Participant) -> None: ...
    def on_dtmf(self, participant: Participant, digit: str) -> None: ...

    def on_call_ended(self, detail: str) -> None: ...


async def test_everything_reaches_the_edge_and_what_is_said_the_file(tmp_path: Path) -> None:
    spy, path = SpyEdge(), tmp_path / "call.wav"
    async with recording(path) as recorder:
        edge = RecordedEdge(spy, recorder)
        await edge.start()
        await edge.authenticate(AGENT)
        assert await edge.create_call("standup", "lunch") == CALL
        connection = await edge.join(CALL, AGENT, NoListener())
        connection.send_audio(PcmData.silence(0.02, 48_000))
        await edge.open_demo(CALL)
        await edge.close()

    assert spy.asked == ["start", AGENT, CALL, "close"]
    assert read_audio(path).duration == pytest.approx(0.02)


async def test_a_recording_that_failed_is_told_at_the_end_but_hides_no_other_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MediaError("the disk is full")

    async def record(*, fail: bool) -> None:
        async with recording(tmp_path / "call.wav") as recorder:
            recorder.speak(PcmData.silence(2.0, 48_000))
            if fail:
                raise ZeroDivisionError

    monkeypatch.setattr("vision_agents.core.audio.wav.WavWriter.write", full)
    with pytest.raises(MediaError, match="the disk is full"):
        await record(fail=False)
    with pytest.raises(ZeroDivisionError):
        await record(fail=True)
