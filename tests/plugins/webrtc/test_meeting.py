"""A call in the browser with its people and agents, over peer connections that the test plays."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.plugins.webrtc.stub_peers import Ears, Street, StubPeer

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.messages import InterruptAsked, TypedText
from vision_agents.core.errors import BadOffer, EdgeError, SignallingRefused
from vision_agents.core.types.people import User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import RgbFrame
from vision_agents.plugins.webrtc.connection import WebRtcConnection
from vision_agents.plugins.webrtc.meeting import Meeting
from vision_agents.plugins.webrtc.seat import Seat
from vision_agents.plugins.webrtc.settings import EdgeSettings

pytestmark = pytest.mark.virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


def level(value: int) -> PcmData:
    """20 ms of one value: sums can be read off it."""
    return PcmData(np.full(960, value, np.int16), 48_000)


class Scene:
    """A meeting with one agent in it."""

    def __init__(self, **settings: float) -> None:
        self.street = Street()
        self.over = False
        self.meeting = Meeting(
            "lunch",
            settings=EdgeSettings(**settings),  # pyright: ignore[reportArgumentType]
            new_peer=self.street.new_peer,
            on_over=self._on_over,
        )
        self.ears = Ears()
        self.agent = WebRtcConnection(self.meeting, User(id="agent"), self.ears)
        self.agent.enter()

    async def person(self, name: str = "") -> tuple[Seat, StubPeer]:
        """Let somebody in, connected."""
        seat, _ = await self.meeting.admit(name, "offer")
        peer = self.street.peers[-1]
        peer.ears.on_connected()
        return seat, peer

    def _on_over(self) -> None:
        self.over = True


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


class TestACallThatIsCutOff:
    async def test_the_person_is_reconnecting_and_leaves_after_the_window(self) -> None:
        scene = Scene(resume_window=15)
        seat, peer = await scene.person()
        await asyncio.sleep(1)
        peer.ears.on_interrupted()

        assert scene.agent.participants_data[seat.participant.id]["state"] == "reconnecting"
        assert scene.agent.participants == (seat.participant,)
        await asyncio.sleep(14.9)
        assert scene.ears.told() == ["joined", "reconnecting"]
        await asyncio.sleep(0.2)
        assert [(round(at, 3), what) for at, what, _ in scene.ears.heard] == [
            (0, "joined"),
            (1, "reconnecting"),
            (16, "left"),
        ]
        assert scene.agent.idle_since == 16
        await scene.agent.close()

    async def test_the_same_connection_may_recover(self) -> None:
        scene = Scene()
        seat, peer = await scene.person()
        peer.ears.on_interrupted()
        await asyncio.sleep(10)
        peer.ears.on_connected()
        await asyncio.sleep(20)

        assert scene.ears.told() == ["joined", "reconnecting", "reconnected"]
        assert scene.agent.participants == (seat.participant,)
        await scene.agent.close()

    async def test_another_connection_takes_its_place_and_the_person_is_the_same(self) -> None:
        scene = Scene()
        seat, old = await scene.person()
        token = seat.resume_id
        old.ears.on_interrupted()
        await asyncio.sleep(14)
        again, _ = await scene.meeting.readmit(seat.participant.id, token, "offer")
        await asyncio.sleep(3)  # the window is over, but they are on their way
        new = scene.street.peers[-1]
        new.ears.on_connected()
        scene.agent.send_audio(level(1))
        new.ears.on_audio(level(2))
        old.ears.on_audio(level(3))
        old.ears.on_closed("late")

        assert again is seat
        assert old.closed
        assert seat.resume_id not in {"", token}
        assert scene.ears.told() == ["joined", "reconnecting", "reconnected"]
        assert [piece.samples[0] for _, piece in scene.ears.pieces] == [2]
        assert (len(old.audio), len(new.audio)) == (0, 1)
        await scene.agent.close()

    async def test_a_page_may_change_its_connection_before_anybody_noticed(self) -> None:
        scene = Scene()
        seat, old = await scene.person()
        await scene.meeting.readmit(seat.participant.id, seat.resume_id, "offer")
        scene.street.peers[-1].ears.on_connected()

        assert scene.ears.told() == ["joined", "reconnecting", "reconnected"]
        await asyncio.sleep(1)
        assert old.closed
        await scene.agent.close()

    async def test_a_resume_token_is_good_once(self) -> None:
        scene = Scene()
        seat, _ = await scene.person()
        token = seat.resume_id
        with pytest.raises(BadOffer):
            await scene.meeting.readmit(seat.participant.id, token, "bad")
        await scene.meeting.readmit(seat.participant.id, token, "offer")

        for used in (token, ""):
            with pytest.raises(SignallingRefused) as refused:
                await scene.meeting.readmit(seat.participant.id, used, "offer")
            assert refused.value.status == 401
        await scene.agent.close()

    async def test_who_has_left_cannot_come_back(self) -> None:
        scene = Scene(resume_window=5)
        seat, peer = await scene.person()
        token = seat.resume_id
        peer.ears.on_interrupted()
        await asyncio.sleep(6)

        with pytest.raises(EdgeError, match="too late"):
            await scene.meeting.readmit(seat.participant.id, token, "offer")
        await scene.agent.close()

    async def test_what_was_shown_meanwhile_comes_later(self) -> None:
        scene = Scene()
        seat, old = await scene.person()
        old.ears.on_interrupted()
        scene.agent.show({"type": "transcript"})
        await scene.meeting.readmit(seat.participant.id, seat.resume_id, "offer")
        scene.agent.show({"type": "turn"})
        new = scene.street.peers[-1]
        new.ears.on_connected()

        assert (old.messages, new.messages) == ([], [{"type": "transcript"}, {"type": "turn"}])
        await scene.agent.close()

    async def test_lines_that_a_dead_connection_may_have_swallowed_come_again(self) -> None:
        scene = Scene()
        seat, old = await scene.person()
        scene.agent.show({"type": "transcript", "id": "old"})
        await asyncio.sleep(30)
        line, log = {"type": "transcript", "id": "new"}, {"type": "log"}
        scene.agent.show(line)
        scene.agent.show(log)
        await asyncio.sleep(6)
        old.ears.on_interrupted()
        scene.agent.show(log)
        await scene.meeting.readmit(seat.participant.id, seat.resume_id, "offer")
        new = scene.street.peers[-1]
        new.ears.on_connected()

        assert new.messages == [line, log]
        await scene.agent.close()


class TestLeaving:
    async def test_a_page_that_says_so_has_left_at_once(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        peer.ears.on_message({"type": "leave"})

        assert scene.ears.told() == ["joined", "left"]
        await asyncio.sleep(0.2)
        assert peer.closed
        await scene.agent.close()

    async def test_a_page_that_only_closes_has_left_soon(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        peer.ears.on_closed("closed")
        await asyncio.sleep(2.1)

        assert scene.ears.told() == ["joined", "reconnecting", "left"]
        assert scene.agent.idle_since == 2
        await scene.agent.close()

    async def test_the_call_ends_with_its_last_agent(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        await scene.agent.close()

        assert (peer.closed, scene.over, scene.ears.told()) == (True, True, ["joined"])
        assert scene.agent.participants == ()
        with pytest.raises(EdgeError, match="has left"):
            await scene.agent.wait_for_participant()
        await scene.agent.close()
        await scene.agent.end()

    async def test_ending_the_call_tells_the_other_agents(self) -> None:
        scene = Scene()
        other = Ears()
        second = WebRtcConnection(scene.meeting, User(id="second"), other)
        second.enter()
        _, peer = await scene.person()
        await scene.agent.end("over")

        assert other.told() == ["joined", "joined", "ended"]
        assert peer.closed
        await second.close()

    async def test_one_who_is_let_in_while_the_call_ends_is_told_so(self) -> None:
        scene = Scene()
        scene.street.accepts_after = 1
        async with asyncio.TaskGroup() as group:
            joining = group.create_task(_refused(scene))
            await asyncio.sleep(0.5)
            await scene.agent.close()

        assert "ended" in joining.result()
        assert scene.street.peers[0].closed

    async def test_a_connection_that_does_not_close_holds_nothing_up(self) -> None:
        scene = Scene()
        _, peer = await scene.person()
        peer.close = asyncio.Event().wait  # pyright: ignore[reportAttributeAccessIssue]
        await scene.agent.close()

        assert now() == 3


async def _refused(scene: Scene) -> str:
    with pytest.raises(EdgeError) as refused:
        await scene.meeting.admit("", "offer")
    return str(refused.value)


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
