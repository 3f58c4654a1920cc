"""The edge without any device: a call like any other, in which nothing sounds."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.transport import Call, Capability, ConnectionListener
from vision_agents.core.errors import EdgeError
from vision_agents.core.types.people import Participant, User
from vision_agents.plugins.console import Edge
from vision_agents.plugins.console.audio import Audio, AudioSettings
from vision_agents.plugins.console.connection import ConsoleConnection
from vision_agents.plugins.console.level import Meter

pytestmark = pytest.mark.virtual_time

FRAME = PcmData(np.full(960, 8_000, np.int16), 48_000)


class Ears(ConnectionListener):
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        self.heard.append(("audio", participant.id))

    def on_participant_joined(self, participant: Participant) -> None:
        self.heard.append(("joined", participant.id))

    def on_participant_left(self, participant: Participant) -> None:
        self.heard.append(("left", participant.id))

    def on_call_ended(self, detail: str) -> None:
        self.heard.append(("ended", detail))


async def joined(edge: Edge) -> tuple[ConsoleConnection, Ears]:
    ears = Ears()
    await edge.start()
    return await edge.join(Call("lunch"), User(id="agent"), ears), ears


async def test_the_person_is_there_from_the_beginning_to_the_end() -> None:
    edge = Edge(audio=False)
    connection, ears = await joined(edge)

    await connection.wait_for_participant(0)
    assert ears.heard == [("joined", "console")]
    assert connection.participants == (connection.person,)
    assert connection.idle_since is None
    assert Capability.HANGUP in connection.capabilities

    await edge.close()
    assert connection.participants == ()
    assert connection.idle_since == asyncio.get_running_loop().time()


async def test_in_text_mode_the_time_of_a_frame_passes_and_nothing_waits() -> None:
    connection, _ = await joined(Edge(audio=False))

    connection.send_audio(FRAME)
    assert connection.unplayed == 0.0
    assert connection.played.height > 0.5
    connection.flush_audio(FRAME)
    assert connection.played.height == 0.0


async def test_another_rate_is_refused() -> None:
    connection, _ = await joined(Edge(audio=False))

    with pytest.raises(ValueError, match="48000 Hz, not 16000 Hz"):
        connection.send_audio(PcmData(np.zeros(320, np.int16), 16_000))


async def test_hanging_up_ends_the_call_once() -> None:
    connection, ears = await joined(Edge(audio=False))
    connection.hang_up("enough")
    connection.hang_up("enough")
    connection.hear(FRAME)

    assert ears.heard == [("joined", "console"), ("ended", "enough")]


async def test_after_the_agent_has_left_nothing_is_heard_of_the_call() -> None:
    connection, ears = await joined(Edge(audio=False))
    await connection.close()
    connection.hang_up("too late")

    assert ears.heard == [("joined", "console")]


async def test_a_machine_without_devices_gets_text_mode_and_is_told_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none(settings: AudioSettings) -> Audio:
        raise EdgeError("This machine has no microphone.")

    monkeypatch.setattr(Audio, "open", none)
    edge = Edge()
    connection, _ = await joined(edge)

    assert connection.text_mode
    assert not connection.toggle_text_mode()
    assert edge.note == "This machine has no microphone. Text mode: type, and press Enter."


async def test_a_meter_forgets_what_was_loud_long_ago() -> None:
    meter = Meter(asyncio.get_running_loop().time)
    assert meter.height == 0.0
    meter.take(FRAME)
    assert meter.height == pytest.approx(0.8, abs=0.01)  # -12 dB of 60
    await asyncio.sleep(0.2)
    assert meter.height == 0.0
