"""A call in the browser with its people and agents, over peer connections that the test plays."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.plugins.webrtc.meeting_scene import Scene, level, now
from tests.plugins.webrtc.stub_peers import Ears

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import InterruptAsked, TypedText
from vision_agents.core.errors import BadOffer, EdgeError
from vision_agents.core.types.people import User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import RgbFrame
from vision_agents.plugins.webrtc.connection import WebRtcConnection

pytestmark = pytest.mark.virtual_time


async def test_somebody_is_in_the_call_when_their_media_flows_and_not_before() -> None:
    scene = Scene()
    seat, answer = await scene.meeting.admit("Grace", "offer")

    assert answer == "answer to offer"
    assert (scene.ears.told(), scene.agent.participants, scene.agent.idle_since) == ([], (), 0.0)
    scene.street.peers[0].ears.on_connected()
    assert scene.ears.told() == ["joined"]
    assert scene.agent.participants == (seat.participant,)
    assert scene.agent.participants_data[seat.participant.id] == {"name": "Grace", "state": "connected"}
    assert scene.agent.idle_since is None
    await scene.agent.close()


async def test_a_page_that_never_connects_is_given_up_and_nobody_hears_of_it() -> None:
    scene = Scene(connect_wait=15)
    await scene.meeting.admit("", "offer")
    await asyncio.sleep(15.2)

    assert scene.street.peers[0].closed
    assert (scene.ears.told(), scene.meeting.people) == ([], [])
    await scene.agent.close()


async def test_a_bad_offer_leaves_nothing_behind() -> None:
    scene = Scene(most_people=1)
    with pytest.raises(BadOffer):
        await scene.meeting.admit("", "bad")

    assert scene.street.peers[0].closed
    await scene.person()  # the place is free
    await scene.agent.close()


async def test_a_full_call_takes_nobody_else() -> None:
    scene = Scene(most_people=2)
    await scene.person()
    await scene.meeting.admit("", "offer")  # on their way counts, too

    with pytest.raises(EdgeError, match="full: 2 people"):
        await scene.meeting.admit("", "offer")
    await scene.agent.close()


class TestCompany:
    async def test_waiting_for_somebody(self) -> None:
        scene = Scene()
        with pytest.raises(TimeoutError, match="within 2 s"):
            await scene.agent.wait_for_participant(2)
        await scene.meeting.admit("", "offer")
        asyncio.get_running_loop().call_later(1, scene.street.peers[-1].ears.on_connected)
        await scene.agent.wait_for_participant(2)

        assert now() == 3
        await scene.agent.close()

    async def test_an_agent_hears_who_is_there_and_other_agents_are_no_company(self) -> None:
        scene = Scene()
        other = Ears()
        second = WebRtcConnection(scene.meeting, User(id="second"), other)
        second.enter()

        assert (scene.ears.told(), other.told()) == (["joined"], ["joined"])
        assert (scene.agent.idle_since, second.idle_since) == (0, 0)
        assert [one.user_id for one in scene.agent.participants] == ["second"]
        scene.agent.send_audio(level(5))
        assert [piece.samples[0] for _, piece in other.pieces] == [5]
        await second.close()
        assert scene.ears.told() == ["joined", "left"]
        assert not scene.over
        await scene.agent.close()


class TestSound:
    async def test_one_person_hears_the_agent_without_any_delay(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        frame = level(7)
        scene.agent.send_audio(frame)
        peer.unplayed = 0.06

        assert peer.audio == [frame]
        assert scene.agent.unplayed == 0.06
        scene.agent.flush_audio(level(1))
        assert len(peer.flushed) == 1
        await scene.agent.close()

    async def test_everybody_hears_the_sum_of_the_others(self) -> None:
        scene = Scene()
        (ann, anns), (bob, bobs) = await scene.person("Ann"), await scene.person("Bob")
        anns.ears.on_audio(level(1))
        bobs.ears.on_audio(level(10))
        scene.agent.send_audio(level(100))
        assert scene.agent.unplayed == 0.02
        await asyncio.sleep(0.03)

        assert [frame.samples[0] for frame in anns.audio] == [110]
        assert [frame.samples[0] for frame in bobs.audio] == [101]
        assert [(who, piece.samples[0]) for who, piece in scene.ears.pieces] == [
            (ann.participant.id, 1),
            (bob.participant.id, 10),
        ]
        await scene.agent.close()

    async def test_nobody_hears_themselves_and_loud_sums_are_cut(self) -> None:
        scene = Scene()
        (_, anns), (_, bobs) = await scene.person(), await scene.person()
        anns.ears.on_audio(level(30_000))
        await asyncio.sleep(0.03)
        assert (anns.audio, len(bobs.audio)) == ([], 1)
        anns.ears.on_audio(level(30_000))
        scene.agent.send_audio(level(30_000))
        await asyncio.sleep(0.03)

        assert bobs.audio[-1].samples[0] == 32_767
        assert anns.audio[-1].samples[0] == 30_000
        await scene.agent.close()

    async def test_a_flush_silences_the_agent_and_nobody_else(self) -> None:
        scene = Scene()
        (_, anns), (_, bobs) = await scene.person(), await scene.person()
        for _ in range(4):
            scene.agent.send_audio(level(100))
        bobs.ears.on_audio(level(10))
        bobs.ears.on_audio(level(10))
        scene.agent.flush_audio(level(50))
        await asyncio.sleep(0.2)

        assert [frame.samples[0] for frame in anns.audio] == [60, 10]
        await scene.agent.close()

    async def test_what_comes_too_fast_is_dropped_and_the_rest_keeps_its_order(self) -> None:
        scene = Scene()
        (_, anns), (_, bobs) = await scene.person(), await scene.person()
        for value in range(1, 10):
            anns.ears.on_audio(level(value))
        await asyncio.sleep(0.5)

        assert [frame.samples[0] for frame in bobs.audio] == [4, 5, 6, 7, 8, 9]
        await scene.agent.close()

    async def test_a_frame_of_another_shape_is_refused(self) -> None:
        scene = Scene()
        with pytest.raises(ValueError, match="48000 Hz"):
            scene.agent.send_audio(PcmData(np.zeros(320, np.int16), 16_000))
        await scene.agent.close()


class TestPictures:
    async def test_they_go_both_ways(self) -> None:
        scene = Scene()
        (_, anns), (_, bobs) = await scene.person(), await scene.person()
        picture = RgbFrame(np.zeros((2, 4, 3), np.uint8), captured_at=0.0)
        anns.ears.on_video(TrackType.SCREEN_SHARE, picture)
        anns.ears.on_video_ended(TrackType.SCREEN_SHARE)
        scene.agent.send_video(picture)

        assert scene.ears.told()[2:] == ["shows SCREEN_SHARE 4", "shows no SCREEN_SHARE"]
        assert (anns.video, bobs.video) == ([picture], [picture])
        await scene.agent.close()
        scene.agent.send_video(picture)

    async def test_a_page_that_comes_back_shows_nothing_until_it_does(self) -> None:
        scene = Scene()
        seat, peer = await scene.person()
        picture = RgbFrame(np.zeros((2, 4, 3), np.uint8), captured_at=0.0)
        peer.ears.on_video(TrackType.VIDEO, picture)
        await scene.meeting.readmit(seat.participant.id, seat.resume_id, "offer")
        scene.street.peers[-1].ears.on_connected()
        scene.street.peers[-1].ears.on_video_ended(TrackType.VIDEO)

        assert scene.ears.told() == [
            "joined",
            "shows VIDEO 4",
            "shows no VIDEO",
            "reconnecting",
            "reconnected",
        ]
        await scene.agent.close()


class TestMessages:
    async def test_words_keys_and_silence_reach_the_agent_and_a_ping_comes_back(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        for message in (
            {"type": "text", "text": "is it\n sunny"},
            {"type": "interrupt"},
            {"type": "digit", "digit": "5"},
            {"type": "ping", "n": 3},
        ):
            peer.ears.on_message(message)

        assert scene.ears.messages == [TypedText("is it sunny"), InterruptAsked()]
        assert scene.ears.told() == ["joined", "key 5"]
        assert peer.messages == [{"type": "pong", "n": 3}]
        await scene.agent.close()

    async def test_nonsense_and_floods_are_dropped(self) -> None:
        scene = Scene()
        seat, peer = await scene.person()
        peer.ears.on_message({"type": "sing"})
        for _ in range(100):
            peer.ears.on_message({"type": "interrupt"})
        assert len(scene.ears.messages) == 19
        await asyncio.sleep(1)
        peer.ears.on_message({"type": "interrupt"})

        assert len(scene.ears.messages) == 20
        assert seat.dropped_messages == 82
        await scene.agent.close()

    async def test_entries_and_events_go_to_everybody_or_to_one(self) -> None:
        scene = Scene()
        (ann, anns), (_, bobs) = await scene.person(), await scene.person()
        scene.agent.show({"type": "log"}, ann.participant)
        await scene.agent.send_custom_event({"score": 3})
        await scene.agent.send_dtmf("4")

        custom, key = (
            {"type": "custom", "data": {"score": 3}},
            {"type": "log", "event": "digit", "digit": "4"},
        )
        assert anns.messages == [{"type": "log"}, custom, key]
        assert bobs.messages == [custom, key]
        await scene.agent.close()
