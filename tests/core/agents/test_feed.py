"""What people in a call are shown of the session, and what they may do beside speaking."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.core.agents.scene_parts import MoodyVoice, Piece, calls, played_call, until

from vision_agents.core.agents.call_listener import CallListener
from vision_agents.core.edge.loopback import ALL_CAPABILITIES, Edge, LoopbackConnection
from vision_agents.core.edge.messages import InterruptAsked, TypedText
from vision_agents.core.edge.transport import Call, Capability, ConnectionListener
from vision_agents.core.errors import ProviderError
from vision_agents.core.events.agent import AgentTurnStartedEvent
from vision_agents.core.types.people import Participant, User
from vision_agents.core.types.status import Reason
from vision_agents.testing import ScriptedRealtime, realtime_call, scripted_call
from vision_agents.testing.scene import ScriptedCall

pytestmark = pytest.mark.virtual_time

SECRET = "key-4711"


class ShowingEdge(Edge):
    """A loopback edge whose people see what the agent's session shows."""

    def __init__(self) -> None:
        super().__init__(capabilities=ALL_CAPABILITIES | {Capability.FEED})
        self.shown: list[tuple[Mapping[str, Any], Participant | None]] = []
        self.ears: ConnectionListener | None = None
        self.closed_after = -1

    async def join(self, call: Call, user: User, listener: ConnectionListener) -> LoopbackConnection:
        self.ears = listener
        connection = await super().join(call, user, listener)
        connection.show = self._keep
        close = connection.close

        async def closing() -> None:
            self.closed_after = len(self.shown) if self.closed_after < 0 else self.closed_after
            await close()

        connection.close = closing
        return connection

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [entry for entry, _ in self.shown if entry["type"] == kind]

    def _keep(self, entry: Mapping[str, object], to: Participant | None = None) -> None:
        self.shown.append((entry, to))


@asynccontextmanager
async def shown_call(
    *answers: Sequence[Piece], **settings: Any
) -> AsyncGenerator[tuple[ScriptedCall, ShowingEdge, CallListener]]:
    edge = ShowingEdge()
    async with played_call(*answers, edge=edge, **settings) as call:
        assert isinstance(edge.ears, CallListener)
        yield call, edge, edge.ears


async def lookup(town: str) -> str:
    """Look a town up."""
    return "found"


async def test_everybody_is_told_first_who_is_there_and_how_things_stand() -> None:
    async with shown_call() as (call, edge, _):
        assert [entry["type"] for entry, _ in edge.shown[:3]] == ["hello", "agent_state", "user_state"]
        assert edge.of("hello")[0] == {
            "type": "hello",
            "session_id": call.session.id,
            "call_id": "scene",
            "agent": {"id": "agent", "name": ""},
            "muted": False,
        }
        late = edge.join_as(User(id="late"))
        others = [entry["type"] for entry, to in edge.shown if to == late.participant]
        assert others == ["hello", "agent_state", "user_state"]
        assert edge.of("log")[-1]["event"] == "plugin.edge.participant_joined"


async def test_a_turn_is_shown_as_it_happens() -> None:
    answers = ([calls("lookup", town="paris")], ["Found it. ", "There it is."], ["Here."])
    async with shown_call(*answers, tools=[lookup]) as (call, edge, _):
        await call.caller.says("where is it")
        await call.settles()

        user = [line for line in edge.of("transcript") if line["role"] == "user"]
        agent = [line for line in edge.of("transcript") if line["role"] == "agent"]
        assert (user[-1]["text"], user[-1]["final"]) == ("where is it", True)
        assert len({line["id"] for line in user}) == 1
        assert [(line["text"], line["final"]) for line in agent] == [
            ("Found it.", False),
            ("Found it. There it is.", False),
            ("Found it. There it is.", True),
        ]
        assert agent[-1]["interrupted"] is False
        start, end = edge.of("tool")
        assert (start["phase"], start["name"], start["arguments"]) == ("start", "lookup", {"town": "paris"})
        assert (end["phase"], end["name"], end["ok"], end["id"]) == ("end", "lookup", True, start["id"])
        (turn,) = edge.of("turn")
        assert turn["turn_id"] == agent[-1]["id"]
        assert sum(turn["spans_ms"].values()) == pytest.approx(turn["response_delay_ms"])
        states = [entry["state"] for entry in edge.of("agent_state")]
        assert states[-4:] == ["listening", "thinking", "speaking", "idle"]
        await call.caller.says("and now")
        await call.settles()
        (again,) = [line for line in edge.of("transcript") if line["text"] == "and now"]
        assert again["id"] != user[-1]["id"]


async def test_what_was_cut_off_is_marked_and_what_nobody_heard_told_apart() -> None:
    async with shown_call(["One two three four. Five six seven eight."], ["Yes."]) as (call, edge, _):
        await call.caller.says("count")
        await until(lambda: call.of(AgentTurnStartedEvent))
        await call.caller.waits(0.5)
        await call.caller.says("please stop counting now")
        await call.settles()

        cut = next(line for line in edge.of("transcript") if line.get("interrupted"))
        assert cut["final"]
        assert f"{cut['text']} {cut['unheard']}" == "One two three four. Five six seven eight."


async def test_typed_words_are_a_turn_and_cut_what_is_being_said() -> None:
    async with shown_call(["One two three four. Five six seven eight."], ["Yes."]) as (call, edge, ears):
        await call.caller.says("count")
        await until(lambda: call.of(AgentTurnStartedEvent))
        await call.caller.waits(0.5)
        ears.on_message(call.caller.peer.participant, TypedText("are you sure"))
        await call.settles()

        assert call.said[1][1].endswith("…")
        assert call.said[2:] == [("user", "are you sure"), ("assistant", "Yes.")]
        typed = [line for line in edge.of("transcript") if line["text"] == "are you sure"]
        assert [(line["role"], line["final"]) for line in typed] == [("user", True)]
        assert edge.of("turn")[-1]["response_delay_ms"] > 0


async def test_the_button_silences_the_agent() -> None:
    async with shown_call(["One two three four. Five six seven eight."]) as (call, edge, ears):
        await call.caller.says("count")
        await until(lambda: call.of(AgentTurnStartedEvent))
        await call.caller.waits(0.5)
        ears.on_message(call.caller.peer.participant, InterruptAsked())
        await call.caller.waits(0.1)
        assert edge.of("transcript")[-1]["interrupted"]
        await call.settles()


async def test_a_model_that_hears_takes_typed_words_too() -> None:
    model = ScriptedRealtime("Yes.")
    async with realtime_call(model) as call:
        call.session.take_text("are you sure")
        await call.caller.hears("yes")
        await call.settles()
        assert call.said == [("user", "are you sure"), ("assistant", "Yes.")]


async def test_errors_are_shown_without_their_text() -> None:
    voice = MoodyVoice(broken={"Hello.": (0, ProviderError(SECRET, provider="x", stage="tts"))})
    async with shown_call(["Hello."], [ProviderError(SECRET, provider="x", stage="llm")], tts=voice) as (
        call,
        edge,
        _,
    ):
        await call.caller.says("hi")
        await call.settles()
        await call.caller.says("hi again")
        await call.settles()

        assert [entry["message"] for entry in edge.of("error")] == [
            "The synthesiser failed.",
            "The language model failed.",
        ]
        assert SECRET not in str(edge.shown)


async def test_a_cut_off_person_is_shown_and_greeted_again() -> None:
    async with shown_call() as (call, edge, ears):
        who = call.caller.peer.participant
        ears.on_participant_reconnecting(who)
        edge.shown.clear()
        ears.on_participant_reconnected(who)

        assert [entry["type"] for entry, to in edge.shown if to == who] == [
            "hello",
            "agent_state",
            "user_state",
        ]
        assert edge.of("log")[-1]["event"] == "plugin.edge.participant_reconnected"


async def test_the_end_is_the_last_word_and_comes_before_the_agent_leaves() -> None:
    async with shown_call() as (call, edge, _):
        await call.session.close(Reason.HANGUP, "enough")

    assert edge.shown[-1][0] == {"type": "end", "reason": "hangup", "detail": "enough"}
    assert edge.closed_after == len(edge.shown)


async def test_keys_are_shown_and_those_of_a_secret_are_not() -> None:
    async with shown_call() as (call, edge, _):
        await call.caller.presses("1")
        assert [entry for entry in edge.of("log") if entry.get("digit")] == [
            {
                "type": "log",
                "event": "plugin.edge.dtmf_received",
                "participant_id": call.caller.peer.participant.id,
                "digit": "1",
            }
        ]


async def test_large_arguments_are_left_out() -> None:
    async with shown_call([calls("lookup", town="x" * 5000)], ["Found."], tools=[lookup]) as (call, edge, _):
        await call.caller.says("where is it")
        await call.settles()
        assert edge.of("tool")[0]["arguments"] == {"town": "..."}


async def test_nothing_is_shown_on_an_edge_without_a_feed() -> None:
    async with scripted_call() as call:
        assert call.caller.peer.events == []
