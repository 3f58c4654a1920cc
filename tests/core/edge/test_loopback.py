"""Parties of a call meet in the process and hear each other at once."""

import asyncio

import numpy as np
import pytest

from vision_agents.core.audio.pcm import PcmData
from vision_agents.core.edge.loopback import Edge, LoopbackConnection
from vision_agents.core.edge.loopback_room import LoopbackExchange
from vision_agents.core.edge.transport import Call, Capability, ConnectionListener
from vision_agents.core.errors import CapabilityMissing, EdgeError
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.tracks import TrackType
from vision_agents.core.video.frame import RgbFrame, VideoFrame

pytestmark = pytest.mark.virtual_time

FRAME = PcmData(np.arange(960, dtype=np.int16), 48_000)
PICTURE = RgbFrame(np.zeros((2, 4, 3), np.uint8), captured_at=0.0)
CALL = Call("lunch")


class Ears(ConnectionListener):
    """A listener that keeps what it hears, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.pieces: list[PcmData] = []
        self.seen: list[tuple[TrackType, VideoFrame]] = []

    def on_audio(self, participant: Participant, pcm: PcmData) -> None:
        self.heard.append(("audio", participant.user_id))
        self.pieces.append(pcm)

    def on_video(self, participant: Participant, kind: TrackType, frame: VideoFrame) -> None:
        self.heard.append(("video", participant.user_id))
        self.seen.append((kind, frame))

    def on_video_ended(self, participant: Participant, kind: TrackType) -> None:
        self.heard.append(("dark", participant.user_id))

    def on_participant_joined(self, participant: Participant) -> None:
        self.heard.append(("joined", participant.user_id))

    def on_participant_left(self, participant: Participant) -> None:
        self.heard.append(("left", participant.user_id))

    def on_dtmf(self, participant: Participant, digit: str) -> None: ...

    def on_call_ended(self, detail: str) -> None:
        self.heard.append(("ended", detail))


async def join(edge: Edge, ears: Ears | None = None, name: str = "agent") -> LoopbackConnection:
    return await edge.join(CALL, User(id=name), ears or Ears())


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_what_a_peer_says_is_heard_before_it_returns() -> None:
    edge, ears = Edge(), Ears()
    await join(edge, ears)
    peer = edge.join_as(User(id="ann"))

    peer.send_audio(FRAME)

    assert ears.heard == [("joined", "ann"), ("audio", "ann")]
    assert ears.pieces == [FRAME]
    assert peer.heard == []


async def test_a_peer_hears_the_agent_with_the_time() -> None:
    edge = Edge()
    connection = await join(edge)
    peer = edge.join_as(User(id="ann"))
    await asyncio.sleep(1.5)

    connection.send_audio(FRAME)

    (frame,) = peer.heard
    assert (frame.at, frame.pcm, frame.participant.user_id) == (1.5, FRAME, "agent")


async def test_what_a_peer_shows_is_seen_with_its_kind_and_ends() -> None:
    edge, ears = Edge(), Ears()
    await join(edge, ears)
    peer = edge.join_as(User(id="ann"))

    peer.send_video(PICTURE)
    peer.send_video(PICTURE, TrackType.SCREEN_SHARE)
    peer.end_video(TrackType.SCREEN_SHARE)

    assert ears.seen == [(TrackType.VIDEO, PICTURE), (TrackType.SCREEN_SHARE, PICTURE)]
    assert ears.heard == [("joined", "ann"), ("video", "ann"), ("video", "ann"), ("dark", "ann")]
    assert peer.seen == []


async def test_a_peer_sees_the_agent_with_the_time() -> None:
    edge = Edge()
    connection = await join(edge)
    peer = edge.join_as(User(id="ann"))
    await asyncio.sleep(1.5)

    connection.send_video(PICTURE)

    (seen,) = peer.seen
    assert (seen.at, seen.frame, seen.participant.user_id) == (1.5, PICTURE, "agent")


async def test_an_edge_without_video_out_refuses_pictures() -> None:
    edge = Edge(capabilities=frozenset())
    connection = await join(edge)
    with pytest.raises(CapabilityMissing, match="cannot send video"):
        connection.send_video(PICTURE)


async def test_a_peer_with_a_callback_keeps_nothing() -> None:
    edge = Edge()
    connection = await join(edge)
    times: list[float] = []
    peer = edge.join_as(User(id="ann"), on_audio=lambda frame: times.append(frame.at))

    connection.send_audio(FRAME)

    assert times == [0.0]
    assert peer.heard == []


async def test_everybody_in_the_call_hears_everybody_else() -> None:
    exchange, ears, other_ears = LoopbackExchange(), Ears(), Ears()
    one, two = Edge(exchange), Edge(exchange)
    first = await join(one, ears, "first")
    await join(two, other_ears, "second")
    ann, bob = one.join_as(User(id="ann")), two.join_as(User(id="bob"))

    first.send_audio(FRAME)
    ann.send_audio(FRAME)

    assert ears.heard == [("joined", "second"), ("joined", "ann"), ("joined", "bob"), ("audio", "ann")]
    assert other_ears.heard == [
        *(("joined", "first"), ("joined", "ann"), ("joined", "bob")),
        *(("audio", "first"), ("audio", "ann")),
    ]
    assert len(ann.heard) == 1
    assert len(bob.heard) == 2
    assert {who.user_id for who in bob.participants} == {"first", "second", "ann"}


async def test_calls_do_not_hear_each_other() -> None:
    edge, ears = Edge(), Ears()
    await join(edge, ears)

    edge.join_as(User(id="eve"), "dinner").send_audio(FRAME)

    assert ears.heard == []


async def test_the_agent_hears_of_those_who_were_there_before_it() -> None:
    edge, ears = Edge(), Ears()
    edge.join_as(User(id="ann"), CALL.id)

    connection = await join(edge, ears)

    assert ears.heard == [("joined", "ann")]
    assert connection.idle_since is None
    await connection.wait_for_participant(timeout=0)


async def test_a_peer_is_told_of_the_agent_whoever_comes_first() -> None:
    edge = Edge()
    told: list[str] = []

    edge.join_as(User(id="ann"), CALL.id, on_joined=lambda who: told.append(f"ann sees {who.user_id}"))
    await join(edge)
    edge.join_as(User(id="bob"), on_joined=lambda who: told.append(f"bob sees {who.user_id}"))

    assert told == ["ann sees agent", "bob sees ann", "bob sees agent", "ann sees bob"]


async def test_the_same_user_may_be_in_a_call_twice() -> None:
    edge = Edge()
    await join(edge)

    one, two = edge.join_as(User(id="ann")), edge.join_as(User(id="ann"))

    assert one.participant.user_id == two.participant.user_id == "ann"
    assert one.participant.id != two.participant.id


async def test_waiting_for_somebody_ends_when_they_join() -> None:
    edge = Edge()
    connection = await join(edge)
    asyncio.get_running_loop().call_later(3, edge.join_as, User(id="ann"))

    await connection.wait_for_participant()

    assert now() == 3.0


async def test_waiting_for_somebody_ends_at_the_timeout() -> None:
    connection = await join(Edge())

    with pytest.raises(TimeoutError, match="Nobody joined the call within 5 s"):
        await connection.wait_for_participant(timeout=5)

    assert now() == 5.0


async def test_waiting_for_somebody_ends_with_the_call() -> None:
    connection = await join(Edge())
    asyncio.get_running_loop().call_later(3, lambda: leaving.append(asyncio.Task(connection.close())))
    leaving: list[asyncio.Task[None]] = []

    with pytest.raises(EdgeError, match="The agent has left the call: nobody can join any more"):
        await connection.wait_for_participant()

    await asyncio.gather(*leaving)


async def test_idle_since_tells_when_the_agent_was_left_alone() -> None:
    edge, ears = Edge(), Ears()
    await asyncio.sleep(1)
    connection = await join(edge, ears)
    assert connection.idle_since == 1.0
    ann, bob = edge.join_as(User(id="ann")), edge.join_as(User(id="bob"))
    assert connection.idle_since is None
    await asyncio.sleep(1)

    ann.leave()
    assert connection.idle_since is None
    await asyncio.sleep(1)
    bob.leave()

    assert connection.idle_since == 3.0
    assert ears.heard[2:] == [("left", "ann"), ("left", "bob")]
    with pytest.raises(TimeoutError):
        await connection.wait_for_participant(timeout=1)


async def test_who_has_left_neither_speaks_nor_hears() -> None:
    edge, ears = Edge(), Ears()
    connection = await join(edge, ears)
    peer = edge.join_as(User(id="ann"))

    peer.leave()
    peer.leave()
    peer.send_audio(FRAME)
    connection.send_audio(FRAME)

    assert ears.heard == [("joined", "ann"), ("left", "ann")]
    assert peer.heard == []


async def test_a_closed_connection_neither_speaks_nor_hears() -> None:
    edge, ears = Edge(), Ears()
    connection = await join(edge, ears)
    peer = edge.join_as(User(id="ann"))

    await connection.close()
    await connection.close()
    connection.send_audio(FRAME)
    peer.send_audio(FRAME)

    assert ears.heard == [("joined", "ann")]
    assert peer.heard == []
    assert peer.participants == connection.participants == ()


async def test_a_peer_may_end_the_call_for_all() -> None:
    edge, ears = Edge(), Ears()
    connection = await join(edge, ears)
    ann, bob = edge.join_as(User(id="ann")), edge.join_as(User(id="bob"))

    ann.end_call("manual_hangup")
    bob.send_audio(FRAME)
    connection.send_audio(FRAME)
    await connection.close()

    assert ears.heard[-1] == ("ended", "manual_hangup")
    assert bob.ended.is_set()
    assert bob.end_detail == "manual_hangup"
    assert bob.heard == []
    with pytest.raises(EdgeError, match="The call has ended"):
        await connection.wait_for_participant()


async def test_a_call_that_was_left_by_all_can_be_made_again() -> None:
    edge, ears = Edge(), Ears()
    connection = await join(edge)
    await connection.close()

    await join(edge, ears)
    edge.join_as(User(id="ann")).send_audio(FRAME)

    assert ears.heard == [("joined", "ann"), ("audio", "ann")]


async def test_custom_events_reach_the_others() -> None:
    edge = Edge()
    connection = await join(edge)
    peer = edge.join_as(User(id="ann"))

    await connection.send_custom_event({"type": "poll", "votes": 3})

    assert peer.events == [{"type": "poll", "votes": 3}]
    assert Capability.CUSTOM_EVENTS in connection.capabilities


async def test_a_flush_is_counted_and_drops_nothing_that_was_sent() -> None:
    edge = Edge()
    connection = await join(edge)
    peer = edge.join_as(User(id="ann"))
    connection.send_audio(FRAME)

    connection.flush_audio()

    assert connection.flushes == 1
    assert connection.unplayed == 0.0
    assert len(peer.heard) == 1


@pytest.mark.parametrize(
    "frame",
    [
        PcmData(np.zeros(320, np.int16), 16_000),
        PcmData(np.zeros((960, 2), np.int16), 48_000),
        PcmData(np.zeros(960, np.float32), 48_000),
    ],
)
async def test_the_agent_must_send_what_the_edge_wants(frame: PcmData) -> None:
    connection = await join(Edge())

    with pytest.raises(ValueError, match="mono int16 at 48000 Hz"):
        connection.send_audio(frame)


async def test_a_peer_joins_the_call_that_the_agent_made() -> None:
    edge, ears = Edge(), Ears()
    call = await edge.create_call("default", "lunch")
    peer = edge.join_as(User(id="ann"))

    await edge.join(call, User(id="agent"), ears)

    assert ears.heard == [("joined", "ann")]
    assert [who.user_id for who in peer.participants] == ["agent"]


async def test_without_a_call_a_peer_must_name_one() -> None:
    with pytest.raises(EdgeError, match="give the call_id"):
        Edge().join_as(User(id="ann"))


async def test_closing_the_edge_leaves_its_calls() -> None:
    edge, ears = Edge(), Ears()
    await join(edge, ears)
    peer = edge.join_as(User(id="ann"))

    await edge.close()

    peer.send_audio(FRAME)
    assert ears.heard == [("joined", "ann")]


async def test_a_user_without_id_gets_one() -> None:
    edge = Edge()
    await join(edge)

    assert edge.join_as(User()).participant.user_id
