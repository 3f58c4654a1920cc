"""Processors in whole calls: what they are shown, at which pace, and how little it matters when they fail."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.core.agents.scene_parts import meanwhile
from tests.core.agents.video_parts import (
    DAY,
    NIGHT,
    Eye,
    Painter,
    brightness,
    in_call,
    moving,
    video_agent,
)

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.audio.track import AudioTrack
from vision_agents.core.edge.loopback import ALL_CAPABILITIES, Edge
from vision_agents.core.edge.transport import Capability
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.processors.processor import AudioProcessor, AudioPublisher, Processor
from vision_agents.core.telephony.dtmf_decoder import DigitBegan, DtmfDecoder
from vision_agents.core.types.people import Participant
from vision_agents.core.types.status import SessionStatus
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.frame import RgbFrame, VideoFrame
from vision_agents.core.video.track import VideoTrack
from vision_agents.testing import ScriptedLLM

pytestmark = pytest.mark.virtual_time

SCREEN = TrackType.SCREEN_SHARE


@pytest.mark.parametrize("fps", [1.0, 5.0, 12.0, 30.0])
async def test_the_cameras_pictures_reach_a_processor_at_the_asked_rate(fps: float) -> None:
    eye = Eye(fps=fps)
    async with in_call(video_agent(processors=[eye])) as call:
        call.caller.shows(moving)
        await asyncio.sleep(10)

    assert len(eye.at) == pytest.approx(10 * fps, abs=2)
    assert eye.told == ["attach", "start", "process VIDEO", "stop", "close"]
    assert eye.agent is call.agent


async def test_the_newest_picture_wins_where_a_processor_is_slow() -> None:
    eye, quick = Eye(takes=0.4), Eye(fps=10)
    async with in_call(video_agent(processors=[eye, quick])) as call:
        call.caller.shows(moving)
        await asyncio.sleep(10)
        metrics = call.agent.metrics.to_dict()

    assert len(eye.at) == pytest.approx(25, abs=1)
    assert max(eye.ages) < 0.04
    assert len(quick.at) == pytest.approx(100, abs=2)
    assert metrics["video_frames_processed__total"] == pytest.approx(125, abs=3)
    assert metrics["video_processing_latency_ms__avg"] == pytest.approx(400 * 25 / 125, abs=4)


async def test_the_camera_ends_and_so_does_the_work() -> None:
    eye = Eye(fps=10)
    async with in_call(video_agent(processors=[eye])) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        call.caller.hides()
        await asyncio.sleep(0.1)
        assert eye.told[2:] == ["process VIDEO", "stop"]
        seen = len(eye.at)
        await asyncio.sleep(5)
        assert len(eye.at) == seen
        assert eye.tracks[0].ended
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        assert eye.told[2:] == ["process VIDEO", "stop", "process VIDEO"]


async def test_who_leaves_shows_nothing_any_more() -> None:
    eye = Eye()
    async with in_call(video_agent(processors=[eye])) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        call.caller.peer.leave()
        await asyncio.sleep(0.1)
        assert eye.told[-1] == "stop"


async def test_a_shared_screen_goes_before_the_camera_and_the_camera_comes_back() -> None:
    eye = Eye(fps=10)
    async with in_call(video_agent(processors=[eye])) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        call.caller.shows(NIGHT, kind=SCREEN)
        await asyncio.sleep(1)
        call.caller.hides(SCREEN)
        await asyncio.sleep(1)

    assert eye.told[2:] == ["process VIDEO", "process SCREEN_SHARE", "process VIDEO", "stop", "close"]
    shades = "".join("d" if shade else "n" for shade in eye.shades)
    assert shades.strip("d").strip("n") == ""
    assert {shades.count("d"), shades.count("n")} <= set(range(9, 23))
    assert len(set(map(id, eye.forwarders))) == 3


async def test_a_screen_that_does_not_change_is_still_seen() -> None:
    eye = Eye(fps=1)
    async with in_call(video_agent(processors=[eye])) as call:
        call.caller.peer.send_video(RgbFrame(DAY, captured_at=0.0), SCREEN)
        await asyncio.sleep(30)

    assert eye.shades == [200]


async def test_what_was_shown_before_the_agent_was_there_is_seen() -> None:
    eye = Eye()
    agent = video_agent(processors=[eye])
    call = await agent.create_call("default", "scene")
    assert isinstance(agent.edge, Edge)
    from vision_agents.testing import SimulatedCaller

    async with SimulatedCaller(agent.edge) as caller:
        caller.shows(DAY, fps=5)
        async with agent.join(call):
            await asyncio.sleep(0.3)
    assert eye.shades


async def test_what_a_processor_draws_is_seen_by_the_others() -> None:
    painter = Painter(fps=10)
    async with in_call(video_agent(processors=[painter])) as call:
        call.caller.shows(NIGHT)
        await asyncio.sleep(5)
        seen = [frame.frame for frame in call.caller.peer.seen]

    assert len(seen) == pytest.approx(50, abs=2)
    assert {brightness(frame) for frame in seen} == {255}


async def test_an_edge_without_video_out_is_told_of_once_and_nothing_else_happens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    painter = Painter(fps=10)
    edge = Edge(capabilities=ALL_CAPABILITIES - {Capability.VIDEO_OUT})
    async with in_call(video_agent(processors=[painter], edge=edge)) as call:
        call.caller.shows(NIGHT)
        await asyncio.sleep(2)
        assert call.caller.peer.seen == []

    assert caplog.text.count("This edge shows no video of the agent") == 1
    assert len(painter.at) == pytest.approx(20, abs=2)


class Broken(Eye):
    """Fails in one of its methods."""

    name = "broken"

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def _perhaps(self, where: str) -> None:
        if where == self.where:
            raise OSError(f"broken {where}")

    def attach_agent(self, agent: Any) -> None:
        self._perhaps("attach")
        super().attach_agent(agent)

    async def start(self) -> None:
        self._perhaps("start")

    async def process_video(
        self, track: VideoTrack, participant_id: str | None, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        self._perhaps("process")
        if self.where == "stuck":
            await asyncio.Event().wait()
        await super().process_video(track, participant_id, shared_forwarder)

    async def stop_processing(self) -> None:
        self._perhaps("stop")
        if self.where == "stuck":
            await asyncio.Event().wait()

    async def _see(self, frame: VideoFrame) -> None:
        self._perhaps("see")

    async def close(self) -> None:
        self._perhaps("close")


@pytest.mark.parametrize("where", ["attach", "start", "process", "see", "stop", "stuck", "close"])
async def test_a_processor_that_fails_never_stops_the_conversation(where: str) -> None:
    broken, eye = Broken(where), Eye(fps=10)
    llm = ScriptedLLM(["I hear you."])
    async with in_call(video_agent(llm, processors=[broken, eye])) as call:
        call.caller.shows(DAY)
        await call.caller.says("can you hear me")
        await call.caller.hears("i hear you")
        await asyncio.sleep(15)
        call.caller.hides()
        await asyncio.sleep(1)
        failures = [str(event.error) for event in call.of(ExceptionEvent)]

    assert call.session.status is SessionStatus.CLOSED
    assert eye.at
    assert "stop" in eye.told
    if where not in {"stuck", "close"}:
        assert failures == [f"broken {where}"]


@pytest.mark.parametrize("moment", [0.0, 0.0001, 0.001, 0.02, 0.5])
@pytest.mark.parametrize("end", ["leave", "hang up", "ended by the other"])
async def test_closing_at_any_moment_leaves_nothing(moment: float, end: str) -> None:
    eyes = [Eye(takes=0.3), Painter()]
    async with in_call(video_agent(processors=eyes)) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(moment)
        if end == "hang up":
            await call.session.hangup()
        elif end == "ended by the other":
            call.caller.peer.end_call()
            await call.session.wait()

    for eye in eyes:
        assert eye.told[-1] == "close"
        assert eye.told.count("close") == 1
        assert ("stop" in eye.told) == any("process" in told for told in eye.told)
    for forwarder in eyes[0].forwarders:
        with pytest.raises(RuntimeError, match="closed"):
            forwarder.add_frame_handler(print)


class Ear(AudioProcessor):
    """Keeps what it hears."""

    name = "ear"

    def __init__(self, takes: float = 0.0) -> None:
        self.heard: list[tuple[str, float]] = []
        self.pieces: list[PcmData] = []
        self._takes = takes

    async def process_audio(self, pcm: PcmData, participant: Participant) -> None:
        self.heard.append((participant.user_id, pcm.duration))
        self.pieces.append(pcm)
        if self._takes < 0:
            raise OSError("deaf")
        await asyncio.sleep(self._takes)


async def test_a_processor_listens_to_the_participants() -> None:
    ear, slow, deaf = Ear(), Ear(takes=1.0), Ear(takes=-1)
    async with in_call(video_agent(processors=[ear, slow, deaf])) as call:
        await call.caller.waits(30)
        failures = [str(event.error) for event in call.of(ExceptionEvent)]

    assert {who for who, _ in ear.heard} == {"caller"}
    assert sum(duration for _, duration in ear.heard) == pytest.approx(30, abs=0.1)
    assert len(slow.heard) == pytest.approx(30, abs=1)
    assert failures == ["deaf"]


class Bell(AudioPublisher):
    """Rings."""

    name = "bell"

    def __init__(self) -> None:
        self.track = AudioTrack()

    def publish_audio_track(self) -> AudioTrack:
        return self.track

    def ring(self) -> None:
        self.track.push(PcmData(np.full(8000, 5000, np.int16), 16_000))


async def test_what_a_processor_sounds_is_heard_beside_the_voice() -> None:
    bell = Bell()
    async with in_call(video_agent(processors=[bell])) as call:
        bell.ring()
        await asyncio.sleep(2)
        frames = [frame.pcm for frame in call.caller.peer.heard]
        await call.session.say("Hello there.")
        await call.caller.hears("hello there")

    sound = np.concatenate([np.asarray(pcm.samples) for pcm in frames])
    assert np.count_nonzero(np.abs(sound - 5000) < 50) == pytest.approx(24_000, rel=0.02)
    bell.ring()  # nobody listens any more


async def test_an_agent_without_processors_has_no_task_for_them() -> None:
    async with in_call(video_agent(ScriptedLLM())) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        names = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if "processing" in name or "forwarder" in name]


class Loads(Processor):
    """Says how often it was loaded."""

    loads = 0

    async def warmup(self) -> None:
        Loads.loads += 1


async def test_processors_are_warmed_up_once_a_process() -> None:
    from vision_agents.core.launcher.warmth import Warmth

    warmth = Warmth()
    for _ in range(3):
        await warmth.warm(video_agent(processors=[Loads()]))
    assert Loads.loads == 1


async def test_secret_keys_reach_no_processor() -> None:
    ear = Ear()
    edge = Edge(capabilities=ALL_CAPABILITIES - {Capability.DTMF})
    async with in_call(video_agent(ScriptedLLM(), processors=[ear], edge=edge)) as call:
        asking = meanwhile(call.session.gather_digits(4, sensitive=True))
        await call.caller.waits(0.2)
        await call.caller.presses("4711", tones=True)
        assert (await asking).digits == "4711"
        await call.caller.waits(2)
        await call.caller.presses("9", tones=True)
        await call.caller.waits(0.5)

    sound = PcmData(np.concatenate([pcm.samples for pcm in ear.pieces]), 48_000)
    found = DtmfDecoder().push(sound)
    assert [event.digit for event in found if isinstance(event, DigitBegan)] == ["9"]
