"""A session's events by name and by class; the process-level tap."""

import asyncio
import functools
from typing import Any

import pytest
from tests.core.agents.session.hooked import Hooked, joined

from vision_agents.core.events.agent import AgentStateChangedEvent, ExceptionEvent
from vision_agents.core.events.bus import EventBus
from vision_agents.core.events.event import Event
from vision_agents.core.types.status import AgentState
from vision_agents.testing import scripted_call

pytestmark = pytest.mark.virtual_time


async def test_a_name_gives_a_dictionary_and_a_class_the_event() -> None:
    payloads: list[dict[str, Any]] = []
    events: list[AgentStateChangedEvent] = []
    async with scripted_call() as s:
        s.session.on("agent_state_changed", payloads.append)
        s.session.on(AgentStateChangedEvent, events.append)
        await s.session.say("Hello.")
        assert [payload["state"] for payload in payloads] == ["thinking", "speaking", "idle"]
        assert [event.state for event in events][1] is AgentState.SPEAKING
        speaking = payloads[1]
        assert (speaking["old_state"], speaking["session_id"]) == ("thinking", s.session.id)
        assert speaking["at"] == events[1].at > 0


async def test_defect_21_every_kind_of_callable_is_called_and_awaited() -> None:
    got: list[str] = []

    class Handler:
        async def __call__(self, payload: dict[str, Any]) -> None:
            await asyncio.sleep(0)
            got.append(f"object {payload['state']}")

    async def with_name(name: str, payload: dict[str, Any]) -> None:
        got.append(f"{name} {payload['state']}")

    async with scripted_call() as s:

        @s.session.on("user_state_changed")
        def bare() -> None:
            got.append("bare")

        s.session.on("user_state_changed", Handler())
        s.session.on("user_state_changed", functools.partial(with_name, "partial"))
        s.session.on("user_state_changed", lambda payload: with_name("lambda", payload))
        s.session.on("user_state_changed", bare)
        await s.session.say("Hello.")
        await s.caller.waits(0.1)
    expected = [
        f"{kind} {state}" for kind in ("object", "partial", "lambda") for state in ("listening", "idle")
    ]
    assert sorted(got) == sorted([*expected, "bare", "bare"])


async def test_a_handler_is_taken_off_for_one_name_and_a_failing_one_stops_nobody() -> None:
    got: list[str] = []

    def fails(_: object) -> None:
        raise ZeroDivisionError

    def both(payload: dict[str, Any]) -> None:
        got.append(payload["state"])

    async with scripted_call() as s:
        s.session.on("agent_state_changed", fails)
        s.session.on("agent_state_changed", both)
        s.session.on("user_state_changed", both)
        s.session.off("agent_state_changed", both)
        s.session.off("agent_state_changed", print)
        await s.session.say("Hello.")
        assert got == ["listening", "idle"]
        assert s.of(ExceptionEvent)


async def test_events_of_ones_own() -> None:
    got: list[object] = []

    def placed(number: int, *more: str) -> None:
        got.append((number, more))

    async with scripted_call() as s:
        s.session.on("order_placed", placed)
        s.session.on("nothing_given", got.append)
        s.session.emit("order_placed", 4411, "tea")
        s.session.emit("nothing_given")
        s.session.emit("nobody_listens", 1)
    assert got == [(4411, ("tea",)), {}]


async def test_defect_05_what_a_handler_began_ends_with_the_session() -> None:
    ended: list[str] = []

    async def long(_: object) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("cancelled")

    agent = Hooked()
    async with joined(agent) as (session, _):
        session.on("agent_state_changed", long)
        await session.say("Hello.")
    assert ended == ["cancelled"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_defect_19_sessions_of_one_process_do_not_mix_and_a_tap_hears_them_all() -> None:
    heard: list[tuple[str, str]] = []
    own: list[str] = []

    def tap(event: Event) -> None:
        heard.append((event.session_id, event.type))

    one = Hooked()
    EventBus.tap("agent.started", tap)
    try:
        async with joined(one) as (first, _), joined(Hooked()) as (second, _):
            first.on("agent_state_changed", lambda payload: own.append(payload["session_id"]))
            await asyncio.gather(first.say("Hello."), second.say("Hello."))
            assert one.metrics is first.metrics is not second.metrics
            assert set(own) == {first.id}
            assert heard == [(first.id, "agent.started"), (second.id, "agent.started")]
    finally:
        EventBus.untap(tap)
    async with joined(Hooked()):
        assert len(heard) == 2
