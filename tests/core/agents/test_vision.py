"""What a model that sees is shown in whole calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from tests.core.agents.video_parts import (
    DAY,
    NIGHT,
    Eye,
    Painter,
    WatchingLLM,
    brightness,
    in_call,
    moving,
    video_agent,
)
from tests.core.video.films import film, shade

from vision_agents.core.agents.agent import Agent
from vision_agents.core.errors import MediaError
from vision_agents.core.events.agent import ExceptionEvent
from vision_agents.core.llm.video import VideoLLM
from vision_agents.core.types.status import SessionStatus
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.forwarder import VideoForwarder
from vision_agents.core.video.track import VideoTrack
from vision_agents.core.video.window import VisionSettings
from vision_agents.testing import (
    Calls,
    Says,
    ScriptedLLM,
    ScriptedRealtime,
    ScriptedVisionLLM,
    realtime_call,
)

pytestmark = pytest.mark.virtual_time

SCREEN = TrackType.SCREEN_SHARE


@pytest.mark.parametrize(("frames", "fps"), [(1, 1.0), (3, 1.0), (3, 0.5), (5, 5.0)])
async def test_each_answer_is_shown_the_newest_pictures_at_the_asked_rate(frames: int, fps: float) -> None:
    llm = ScriptedVisionLLM(["One.", "Two."])
    async with in_call(video_agent(llm, vision=VisionSettings(frames=frames, fps=fps))) as call:
        call.caller.shows(moving)
        await asyncio.sleep(10)
        for _ in range(2):
            await call.session.reply("What do you see?")
            await asyncio.sleep(5)

    for shown in llm.seen:
        times = [frame.captured_at for frame in shown]
        assert len(times) == frames
        assert np.diff(times) == pytest.approx([1 / fps] * (frames - 1), abs=0.55 / fps)
    assert brightness(llm.seen[0][-1]) == pytest.approx(100, abs=1)
    assert brightness(llm.seen[1][-1]) > brightness(llm.seen[0][-1]) + 50


async def test_what_the_user_says_is_answered_with_what_there_is_to_see() -> None:
    llm = ScriptedVisionLLM(["It is bright."])
    async with in_call(video_agent(llm)) as call:
        call.caller.shows(DAY)
        await call.caller.says("what do you see")
        await call.caller.hears("it is bright")
        await call.settles()
        metrics = call.agent.metrics.to_dict()

    assert [len(shown) for shown in llm.seen] == [2]
    assert metrics["vlm_inferences__total"] == 1
    assert metrics["vlm_output_tokens__total"] == 3
    assert metrics["vlm_inference_latency_ms__avg"] == metrics["llm_latency_ms__avg"]


async def test_after_a_tool_the_model_is_shown_what_there_is_to_see_then() -> None:
    llm = ScriptedVisionLLM([Calls(tool="wait"), Says(text="Now it is light.")])
    agent = video_agent(llm, vision=VisionSettings(frames=1))

    @agent.llm.register_function(description="Wait")
    async def wait() -> str:
        await asyncio.sleep(5)
        return "done"

    async with in_call(agent) as call:
        call.caller.shows(lambda seconds: DAY if seconds > 3 else NIGHT)
        await asyncio.sleep(1)
        await call.session.reply("Look.")

    assert [[brightness(frame) for frame in shown] for shown in llm.seen] == [[0], [200]]


async def test_nothing_is_shown_after_the_camera_went_off() -> None:
    llm = ScriptedVisionLLM(["One.", "Two."])
    async with in_call(video_agent(llm)) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(3)
        call.caller.hides()
        await call.session.reply("What do you see?")
        call.caller.shows(NIGHT, kind=SCREEN)
        await asyncio.sleep(3)
        call.caller.hides(SCREEN)
        call.caller.peer.leave()
        await call.session.reply("And now?")

    assert llm.seen == [(), ()]


async def test_frames_that_are_given_take_the_place_of_what_is_shown() -> None:
    llm = ScriptedVisionLLM(["One."])
    async with in_call(video_agent(llm)) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(3)
        await call.session.reply("Look.", frames=[NIGHT])
        with pytest.raises(TypeError, match="must be a picture"):
            await call.session.reply("Look.", frames=["photo.jpg"])

    assert [[brightness(frame) for frame in shown] for shown in llm.seen] == [[0]]


async def test_a_model_that_sees_nothing_is_shown_nothing() -> None:
    llm = ScriptedLLM(["One."])
    async with in_call(video_agent(llm)) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(3)
        await call.session.reply("Look.")
        await call.settles()
        metrics = call.agent.metrics.to_dict()

    assert [len(request.frames) for request in llm.requests] == [0]
    assert metrics["vlm_inferences__total"] == 0
    assert metrics["vlm_inference_latency_ms__avg"] is None


async def test_a_shared_screen_and_what_a_processor_draws_come_first() -> None:
    llm = ScriptedVisionLLM(["One.", "Two.", "Three."])
    agent = video_agent(llm, vision=VisionSettings(frames=1))
    async with in_call(agent) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        await call.session.reply("Look.")
        call.caller.shows(NIGHT, kind=SCREEN)
        await asyncio.sleep(1)
        await call.session.reply("Look.")
        agent.processors = (Painter(),)
        call.session.processing.look()
        await asyncio.sleep(1)
        await call.session.reply("Look.")

    assert [[brightness(frame) for frame in shown] for shown in llm.seen] == [[200], [0], [255]]


async def test_a_model_that_watches_is_given_the_best_track() -> None:
    llm = WatchingLLM()
    async with in_call(video_agent(llm)) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(5)
        watched = len(llm.at)
        call.caller.shows(NIGHT, kind=SCREEN)
        await asyncio.sleep(1)
        call.caller.hides(SCREEN)
        await asyncio.sleep(1)
        call.caller.hides()
        await asyncio.sleep(1)
        call.caller.shows(DAY)
        await asyncio.sleep(1)

    assert watched == pytest.approx(10, abs=1)
    assert llm.watched == [
        "VIDEO caller",
        "SCREEN_SHARE caller",
        "VIDEO caller",
        "stop",
        "VIDEO caller",
        "stop",
    ]


async def test_another_model_in_the_middle_of_a_call_is_shown_what_there_is() -> None:
    blind, seeing, watching = ScriptedLLM(["Dark."]), ScriptedVisionLLM(["Light."]), WatchingLLM()
    async with in_call(video_agent(blind)) as call:
        call.caller.shows(DAY)
        await call.session.reply("Look.")
        await call.session.change_component(llm=seeing)
        await call.session.reply("Look.")
        await call.session.change_component(llm=watching)
        await asyncio.sleep(1)

    assert [len(request.frames) for request in blind.requests] == [0]
    assert [len(shown) > 0 for shown in seeing.seen] == [True]
    assert watching.watched == ["VIDEO caller", "stop"]


async def test_frames_can_be_captured() -> None:
    agent = video_agent(ScriptedVisionLLM(), vision=VisionSettings(frames=3))
    assert agent.capture_frames() == []
    async with in_call(agent) as call:
        assert agent.capture_frames() == []
        call.caller.shows(moving)
        await asyncio.sleep(10)
        assert [brightness(frame) for frame in agent.capture_frames(2)] == pytest.approx([90, 100], abs=6)
        for wrong in (0, 6):
            with pytest.raises(ValueError, match="num_of_frames"):
                agent.capture_frames(wrong)


# A file in the place of live video.


async def test_a_file_takes_the_place_of_the_camera_for_processors_and_model(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [shade(120)] * 20, fps=20)
    eye, llm = Eye(fps=5), ScriptedVisionLLM(["Grey."])
    agent = video_agent(llm, processors=[eye])
    agent.set_video_track_override_path(path)
    async with in_call(agent) as call:
        call.caller.shows(NIGHT)
        await asyncio.sleep(10)
        await call.session.reply("Look.")

    assert len(eye.at) == pytest.approx(50, abs=6)
    assert set(eye.shades) <= set(range(116, 125))
    assert [brightness(frame) for frame in llm.seen[0]] == pytest.approx([120, 120], abs=4)
    assert eye.tracks[0].ended


async def test_defect_16_a_file_is_shown_to_an_agent_that_only_looks(tmp_path: Path) -> None:
    """Nobody shows anything, and the agent publishes nothing."""
    llm = WatchingLLM("Grey.")
    agent = video_agent(llm)
    agent.set_video_track_override_path(film(tmp_path / "a.mp4", [shade(120)] * 20, fps=20))
    async with in_call(agent) as call:
        await asyncio.sleep(5)
        await call.session.reply("Look.")

    assert len(llm.at) == pytest.approx(10, abs=2)
    assert llm.watched == ["VIDEO file", "stop"]
    assert len(llm.seen[0]) == 2


async def test_a_file_that_cannot_be_played_is_told_before_the_call_is_joined(tmp_path: Path) -> None:
    eye = Eye()
    agent = video_agent(processors=[eye])
    agent.set_video_track_override_path(tmp_path / "gone.mp4")
    with pytest.raises(MediaError, match="There is no file"):
        async with in_call(agent):
            pytest.fail("It joined.")
    assert eye.told == ["attach", "start", "close"]
    assert agent.session is not None
    assert agent.session.status is SessionStatus.FAILED


async def test_t68_a_file_outside_of_the_media_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    agent = video_agent()
    agent.set_video_track_override_path(film(tmp_path / "a.mp4", [shade(1)]), media_root=tmp_path / "media")
    with pytest.raises(MediaError, match="outside of the media folder"):
        async with in_call(agent):
            pytest.fail("It joined.")


async def test_an_agent_that_looks_at_nothing_opens_no_file() -> None:
    agent = video_agent(ScriptedLLM())
    agent.set_video_track_override_path("gone.mp4")
    async with in_call(agent) as call:
        assert call.session.status is SessionStatus.ACTIVE


async def test_a_file_that_breaks_gives_way_to_the_camera(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [shade(120)] * 5)
    eye = Eye(fps=10)
    agent = video_agent(processors=[eye])
    agent.set_video_track_override_path(path)
    async with in_call(agent) as call:
        path.unlink()
        call.caller.shows(NIGHT)
        await asyncio.sleep(3)

    assert eye.shades[-1] == 0


# Other agents and other kinds of models.


class Billing(Agent):
    async def on_enter(self) -> None:
        assert self.session is not None
        self.session.say("Billing here.")


@pytest.mark.parametrize("own", [True, False])
async def test_after_a_hand_off_the_processors_of_the_other_agent_are_at_work(own: bool) -> None:
    first, second = Eye(fps=10), Eye(fps=10)
    agent = video_agent(ScriptedLLM([Calls(tool="to_billing")]), processors=[first])

    @agent.llm.register_function(description="Hand over")
    async def to_billing() -> Agent:
        return Billing(processors=[second] if own else ())

    async with in_call(agent) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        await call.session.reply("Hand over.")
        await call.caller.hears("billing here")
        seen = len(first.at)
        await asyncio.sleep(2)

    if own:
        assert second.told == ["attach", "start", "process VIDEO", "stop", "close"]
        assert len(second.at) > 15
        assert len(first.at) <= seen + 1
    else:
        assert len(first.at) > seen + 15
    assert first.told == ["attach", "start", "process VIDEO", "stop", "close"]


class WatchingRealtime(ScriptedRealtime, VideoLLM):
    """Hears, speaks and sees."""

    def __init__(self) -> None:
        super().__init__("Hello.")
        self.at: list[float] = []

    async def watch_video_track(
        self, track: VideoTrack, shared_forwarder: VideoForwarder | None = None
    ) -> None:
        assert shared_forwarder is not None
        shared_forwarder.add_frame_handler(lambda frame: self.at.append(frame.captured_at), fps=1)

    async def stop_watching_video_track(self) -> None:
        self.at.append(-1)


async def test_a_realtime_model_may_watch_too() -> None:
    model = WatchingRealtime()
    async with realtime_call(model) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(5)
        await call.session.reply("Greet.")

    assert len(model.at) == pytest.approx(6, abs=1)
    assert model.at[-1] == -1


async def test_a_model_that_fails_to_watch_still_answers() -> None:
    class Blinded(WatchingLLM):
        async def watch_video_track(
            self, track: VideoTrack, shared_forwarder: VideoForwarder | None = None
        ) -> None:
            raise OSError("no lens")

    async with in_call(video_agent(Blinded("Hello there."))) as call:
        call.caller.shows(DAY)
        await asyncio.sleep(1)
        await call.session.reply("Greet.")
        await call.caller.hears("hello there")
        assert [str(event.error) for event in call.of(ExceptionEvent)] == ["no lens"]
