"""People who are cut off, come back, or leave; agents that leave, and the end of the call."""

from __future__ import annotations

import asyncio

import pytest
from tests.plugins.webrtc.meeting_scene import Scene, level, now
from tests.plugins.webrtc.stub_peers import Ears

from vision_agents.core.errors import BadOffer, EdgeError, SignallingRefused
from vision_agents.core.types.people import User
from vision_agents.plugins.webrtc.connection import WebRtcConnection

pytestmark = pytest.mark.virtual_time


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


class TestTheEndComesInAnyState:
    @pytest.mark.parametrize("state", ["joining", "connected", "cut off", "coming back", "closing", "left"])
    async def test_of_a_person(self, state: str) -> None:
        scene = Scene()
        seat, _ = await scene.meeting.admit("", "offer")
        ears = scene.street.peers[0].ears
        if state != "joining":
            ears.on_connected()
        if state in {"cut off", "coming back"}:
            ears.on_interrupted()
        if state == "coming back":
            await scene.meeting.readmit(seat.participant.id, seat.resume_id, "offer")
        if state == "closing":
            ears.on_closed("closed")
        if state == "left":
            ears.on_message({"type": "leave"})
        told = scene.ears.told()
        await scene.agent.close()

        assert all(peer.closed for peer in scene.street.peers)
        await asyncio.sleep(60)
        for late in (ears, scene.street.peers[-1].ears):
            late.on_connected()
            late.on_audio(level(1))
            late.on_interrupted()
            late.on_closed("late")
        assert (scene.ears.told(), scene.ears.pieces, scene.meeting.people) == (told, [], [])

    async def test_of_a_page_that_gives_up_while_it_is_answered(self) -> None:
        scene = Scene()
        scene.street.accepts_after = 1
        joining = asyncio.get_running_loop().create_task(scene.meeting.admit("", "offer"))
        await asyncio.sleep(0.5)
        joining.cancel()
        await asyncio.wait([joining])

        assert scene.street.peers[0].closed
        assert vars(scene.meeting)["_seats"] == {}
        await scene.agent.close()


async def _refused(scene: Scene) -> str:
    with pytest.raises(EdgeError) as refused:
        await scene.meeting.admit("", "offer")
    return str(refused.value)
